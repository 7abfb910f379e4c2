/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a schedule can do (SCHED-04 to SCHED-07), in the order in which it is done. No include
 * guard: included once per use.
 *
 *     KX_SCHEDULE_ACTION(id, name, func)
 *
 * `name` is what the field `actions` says; kx_schedule_action_<func>() in flow/ does it.
 */
KX_SCHEDULE_ACTION(ETRN, "etrn", etrn)
KX_SCHEDULE_ACTION(DOWNLOAD, "download", download)
KX_SCHEDULE_ACTION(SEND_QUEUE, "send-queue", send_queue)

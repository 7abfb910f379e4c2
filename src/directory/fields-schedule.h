/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of schedules; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(SCHEDULE, DESCRIPTION, "description", "Description", 0, text, description, "SCHED-01",
    "Free text.")
KX_FIELD(SCHEDULE, DISABLED, "disabled", "Enabled", KX_FIELD_INVERTED, bool, disabled, "SCHED-01",
    "yes switches the schedule off.")
KX_FIELD(SCHEDULE, EVERY, "every", "Every", 0, interval, every, "SCHED-02",
    "How long after one run the next one comes, like 10m, 1h or 1d. Outside of the range it waits until that begins.")
KX_FIELD(SCHEDULE, AT, "at", "At", 0, clock_times, at, "SCHED-02",
    "Times of day instead, like 12:00,20:00.")
KX_FIELD(SCHEDULE, RANGE, "range", "Valid_at", 0, range_name, range, "SCHED-03",
    "Time range (keryx timerange) outside of which nothing is done; empty: always.")
KX_FIELD(SCHEDULE, ACTIONS, "actions", "Actions", 0, actions, actions, "SCHED-04 SCHED-05 SCHED-06 SCHED-07",
    "What is done: send-queue sends mail that waits for a connection or a schedule, download brings mail from the mailboxes of keryx download, etrn asks the servers of keryx etrn for mail. Several are separated by commas; one that has nothing to do is no error.")
KX_FIELD(SCHEDULE, DIAL, "dial", "Allow_dial_up", 0, bool, dial, "SCHED-08 NET-05",
    "yes brings the line up first, and down when everything is sent and fetched, by the programs line-up and line-down in /etc/keryx/hooks.")
KX_FIELD(SCHEDULE, ONLINE_CHECK, "online-check", "Online_check", 0, host, online_check, "SCHED-08",
    "A host that must accept a connection, or nothing is done: the line is down. Empty: no check.")
KX_FIELD(SCHEDULE, ONLINE_PORT, "online-port", "Online_port", 0, port, online_port, "SCHED-08",
    "The port for that; 0: 25.")
/* clang-format on */

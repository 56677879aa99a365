/**
 * Settings of a transaction that writes: it waits for locks as long as it must (other commands give up after a while,
 * session.ts); deferred constraints are checked with each statement, so that a row they refuse is found while it can be
 * set aside; COMMIT means durable.
 */
export const SETTLE = `
SET LOCAL lock_timeout = 0;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`;

/**
 * For long statements: the server stops working when the client is gone, instead of merging on while a later attempt
 * waits for its locks (Windows does not know how); sorts of millions of keys get some memory.
 */
export const SETTLE_LONG = `
SELECT set_config('client_connection_check_interval', '1s', true)
WHERE current_setting('client_connection_check_interval', true) IS NOT NULL AND version() !~* 'mingw|msvc|visual';
SELECT set_config('work_mem', '64MB', true)
WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')`;

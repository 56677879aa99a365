/** What the only state of a stream read as a whole holds. */
export const NO_STATE = "__ab_no_cursor_state_message";

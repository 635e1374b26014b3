/** The limits of Node's timers. */

/** The longest delay `setTimeout` takes: 2³¹ − 1 ms, 24.8 days. It runs a longer one after 1 ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

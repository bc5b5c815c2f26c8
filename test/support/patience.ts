/** How long a test waits for what has to come: it bounds a failure, also on a machine that is busy with much else. */
export const patience_ms = 240_000

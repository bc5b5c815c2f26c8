export interface Fault {
  readonly kind: "loss" | "double wake" | "double send" | "hang" | "other"
  readonly what: string
}

/**
 * The real daemon waits for less (retries of a wake, a half-written answer, the look-up). So does the hub, which takes back a
 * task that it pushed to a dead socket after 60 s without an acceptance.
 */
export const deadlineMs = 100_000

export const fault = (kind: Fault["kind"], what: string): ReadonlyArray<Fault> => [{ kind, what }]

export const unless = (holds: boolean, kind: Fault["kind"], what: string): ReadonlyArray<Fault> =>
  holds ? [] : fault(kind, what)

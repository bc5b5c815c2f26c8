/** Every limit of the search for a shorter recording, with its unit. */
export const limits = {
  tries: 5_000, // replays
  mends: 32, // lines that go with a task although they are not about it
  longest_ms: 60_000,
  lines: 200_000,
  same_ms: 1_000 // a difference this far from the first one in time is another one
} as const

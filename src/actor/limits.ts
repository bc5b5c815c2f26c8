/** The limits of the actor alone, in milliseconds (`_ms`) or as named. */
export const actorLimits = {
  mailbox_messages: 1_024,
  folder_look_ms: 30_000, // between two checks that the folder is still the one that was locked
  orphans_look_ms: 24 * 60 * 60 * 1_000,
  loop_look_ms: 5_000,
  loop_stall_ms: 1_000 // a longer stall of the event loop is logged
} as const

/** The numbers of the real hub, and those of its imitation. Times are virtual ms unless their name says real. */
export const limits = {
  acceptanceMs: 60_000,
  staleOfflineMs: 600_000,
  staleWorkingMs: 1_200_000,
  assignmentSweepMs: 30_000,
  ttlMs: 600_000,
  ttlSweepMs: 60_000,
  idleSocketMs: 60_000,
  maxRetries: 3,
  maxVerificationRetries: 5,
  violationsPerWindow: 10,
  violationWindowMs: 60_000,
  cooldownsMs: [30_000, 60_000, 300_000],
  rateWindowMs: 60_000,
  ratePenaltyMs: 60_000,
  rateWarnShare: 0.2,
  rateStepMs: 1000,
  mailboxMessages: 100,
  channelMessages: 200,
  roomMessages: 500,
  historyMessages: 10_000,
  /** Messages of the history in one answer. */
  queriedMessages: 200,
  /** Who waits longer until its message is stored is given up. */
  storeMs: 5000,
  /** A channel or subscription younger than this is lost when the hub is killed. */
  unsavedMs: 5000,
  historyEntries: 50,
  listedMessages: 50,
  frameBytes: 64 * 1024 * 1024,
  bodyBytes: 8 * 1024 * 1024,
  journalFrames: 50_000,
  shownFrames: 12,
  echoedCharacters: 50,
  listenAttempts: 40,
  listenRetryRealMs: 50,
  waitForRealMs: 60_000
} as const

/** Requests a minute and agent, by tier. */
export const tierCapacity = { light: 120, normal: 60, heavy: 10 } as const

/** The longest text of a field, in characters as a reader counts them (grapheme clusters). */
export const fieldCharacters: ReadonlyMap<string, number> = new Map([
  ["agent_id", 128],
  ["description", 10_000],
  ["status", 256],
  ["channel", 64],
  ["token", 256],
  ["error", 2_000],
  ["reason", 2_000],
  ["name", 256],
  ["repo", 512],
  ["ollama_url", 512]
])

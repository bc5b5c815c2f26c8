import { rescan_ms } from "../../src/agent/results/folderWatch.ts"
import { half_written_ms } from "../../src/agent/results/parse.ts"
import { kill_grace_ms } from "../../src/config/ConfigFile.ts"
import { limits as hub } from "../../src/dev/limits.ts"
import { domainLimits } from "../../src/domain/limits.ts"
import { hubTiming } from "../../src/hub/timing.ts"

/** What the simulated wire, disk and processes take for a few steps in a row when nothing slows them; milliseconds. */
export const at_hand_ms = 1_000

const stop_ms = domainLimits.agent_linger_ms + kill_grace_ms

/** What could not be read is looked at again, and that may happen more than once. */
const unread_ms = 3 * domainLimits.disk_retry_ms

/** How long each situation may last where nothing hinders us, in milliseconds: sums of the limits that its rules wait for. */
export const bounds = {
  /** A lost event is made good by the next rescan. */
  answer_reported_ms: rescan_ms + at_hand_ms,
  /** A frame waits for its answer, or for the time that the hub named when it was rate limited. */
  exchange_ms: domainLimits.answer_timeout_ms + at_hand_ms,
  rate_limited_ms: domainLimits.rate_limit_max_ms + at_hand_ms,
  /** Not ours as the hub sees it, and not assigned to us anew. */
  denied_ms: domainLimits.assign_grace_ms + at_hand_ms,
  /** In doubt while the hub's books say that it is another's, or over. */
  in_doubt_ms: domainLimits.lookup_ms + hubTiming.lookup_timeout_ms + at_hand_ms,
  confirmation_ms: (timeout_ms: number) => timeout_ms + unread_ms + at_hand_ms,
  /** Nobody saw an agent's end, so that only its silence tells, at the next look but one. */
  silence_ms: (silence_ms: number) => silence_ms + 2 * domainLimits.check_ms + unread_ms + at_hand_ms,
  /** What an agent left half-written may yet become an answer. */
  half_written_ms: half_written_ms + rescan_ms + unread_ms + at_hand_ms,
  looked_at_ms: domainLimits.disk_retry_ms + at_hand_ms,
  settling_ms: domainLimits.late_answer_ms + unread_ms + at_hand_ms,
  retry_ms: Math.max(...domainLimits.wake_retries_ms) + at_hand_ms,
  /** An agent that is not wanted any more lives, or its files are there. */
  stop_ms: stop_ms + at_hand_ms,
  /** The agent of a task that has run too long, whose last words are half-written. */
  task_ms: (timeout_ms: number) =>
    timeout_ms + unread_ms + 2 * (kill_grace_ms + domainLimits.late_answer_ms) + half_written_ms +
    rescan_ms,
  /** The hub hears nothing of an agent that is at work: a look at it may just have been under way. */
  lease_ms: 2 * domainLimits.check_ms + unread_ms + at_hand_ms,
  progress_ms: domainLimits.progress_interval_ms + at_hand_ms,
  ready_ms: domainLimits.readiness_ms + at_hand_ms,
  paused_ms: Math.max(...domainLimits.failure_pauses_ms) + at_hand_ms,
  disk_ms: domainLimits.disk_retry_ms + at_hand_ms,
  /** Nothing passes, and neither end has noticed. */
  dead_link_ms: hubTiming.ping_interval_ms + hubTiming.pong_timeout_ms + at_hand_ms,
  /** The hub has nobody to push to, and does not tell us. */
  unregistered_ms: domainLimits.half_open_recheck_ms + at_hand_ms,
  disconnected_ms: hubTiming.reconnect_cap_ms + at_hand_ms,
  /** The hub thinks us at work on something that we have not: it waits so long for an acceptance, and pushes another. */
  false_picture_ms: hub.acceptanceMs + at_hand_ms,
  /** What we refused as busy comes again when the hub has waited for an acceptance. */
  pushed_again_ms: hub.acceptanceMs + at_hand_ms,
  /** A choice that the store could not make is made again. */
  choice_ms: domainLimits.disk_retry_ms + at_hand_ms,
  /** The longest wait after failures or a refusal, an answer that does not come, and a look-up that does not either. */
  sent_ms: 60_000 + 2 * hubTiming.lookup_timeout_ms + at_hand_ms,
  at_once_ms: at_hand_ms
} as const

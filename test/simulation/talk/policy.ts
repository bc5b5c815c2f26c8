import { defaultMessagePolicy, type MessagePolicy } from "../../../src/domain/messages/MessagePolicy.ts"
import type { Chance } from "../chance.ts"

/** How often a run has talk beside its tasks: without it a run is several times as fast. */
const share_with_talk = 0.35

/** Limits that a few messages reach. */
export const tight: MessagePolicy["per_hour"] = {
  sender: 6,
  thread: 3,
  channel: 5,
  room: 5,
  deliveries: 8,
  answers: 6,
  urgent_of_sender: 2
}

/** What the configuration of a run says about messages; null for a run without talk. */
export const drawMessagePolicy = (chance: Chance, agent_id: string): MessagePolicy | null =>
  !chance.is("talk", share_with_talk) ? null : {
    ...defaultMessagePolicy,
    agent_id,
    delivers: chance.is("talk policy", 0.9),
    batch_ms: chance.pick("talk policy", [200, 2_000, 10_000]),
    batch_max: chance.pick("talk policy", [2, 20]),
    min_interval_ms: chance.pick("talk policy", [1_000, 30_000, 120_000]),
    deliver_while_working: chance.is("talk policy", 0.8),
    per_hour: chance.is("talk policy", 0.25) ? tight : defaultMessagePolicy.per_hour
  }

import type { LifecycleEvent } from "../LifecycleEvent.ts"
import { emit, log, noop, patchTalk, type Rule, sequence, withState, withTask } from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"
import type { Fate, Judged, Recorded } from "./Fate.ts"
import { hubNow, hubTimeAtLeast } from "./hubClock.ts"
import type { InboxMessage } from "./InboxMessage.ts"
import { hopsOf, judge, withoutCommand } from "./judge.ts"
import { refusalTo } from "./notices.ts"
import type { Outgoing } from "./Outgoing.ts"
import { presenceOf } from "./presence.ts"
import { roomText } from "./refusal.ts"
import { hubPushesToUs, isSelfTest } from "./selfTest.ts"
import type { Held, Talk } from "./Talk.ts"

/** The answer that needs no agent. Its key is made of the message's id, so that it is queued once. */
const answerTo = ({ from, id, payload }: InboxMessage, fate: Fate): Outgoing | null =>
  fate._tag !== "Answer" ? null : {
    key: `answer-${id}`,
    target: { _tag: "Agent", agent_id: from },
    type: fate.answer.type,
    reply_to: id,
    payload: { ...fate.answer.payload, hops: hopsOf(payload) + 1 }
  }

/** Rule 16: in the room a name proves nothing. */
const ownTextIn = ({ from, payload, way }: InboxMessage, agent_id: string): string | null =>
  way === "room" && from === agent_id ? roomText(payload) : null

const judged = (message: InboxMessage, state: SidecarState, now: number): Judged => {
  const { messages: policy } = state.policy
  const found = judge(message, { policy, hub_now: hubNow(state, now), activity: presenceOf(state) })
  const fates = { direct: withoutCommand(found.direct, policy), broadcast: withoutCommand(found.broadcast, policy) }
  return {
    message,
    fates,
    answer: answerTo(message, fates.direct),
    refusal: refusalTo(message, now),
    own_text: ownTextIn(message, policy.agent_id)
  }
}

/** Rule 16: messages are recorded before anything is done with them. */
export const record = (messages: ReadonlyArray<InboxMessage>): Rule =>
  withState((state, now) =>
    emit({ _tag: "RecordMessages", judged: messages.map((message) => judged(message, state, now)) })
  )

/** Rule 16: the hub pushed a message. */
export const messageHeard = (message: InboxMessage): Rule =>
  withState(({ policy }) =>
    isSelfTest(message, policy.messages.agent_id)
      ? hubPushesToUs
      : sequence(hubTimeAtLeast(message.sent_at), record([message]))
  )

/** How many messages became what, and the first of them. What was pushed is told once its way is known. */
const received = (recorded: ReadonlyArray<Recorded>): ReadonlyArray<LifecycleEvent> =>
  [...Map.groupBy(recorded, ({ outcome }) => outcome)].flatMap(([outcome, [first, ...others]]) => {
    if (first === undefined || outcome === "pushed") return []
    const { from, id: message_id, reason, type } = first
    const told = { message_id, from, type, ...reason === null ? {} : { reason } }
    return [{ event: "messages_received", outcome, count: 1 + others.length, ...told }]
  })

/** What is held now is what the store said last. What a delivery or a sending found may be told after something newer. */
export const holds = (held: Held): Rule =>
  withState(({ talk }) => held.revision < talk.held.revision ? noop : patchTalk({ held }))

/** A message for the agent reaches it at its task too. */
const showAtTask: Rule = withTask(({ id, status, woken_at }) =>
  woken_at === null || status === "reporting" ? noop : emit({ _tag: "ShowMessages", task_id: id, since: woken_at })
)

/** Rule 16: what became of the messages that are new. The log has a line for each outcome, and not for each message. */
export const messagesRecorded = (held: Held, recorded: ReadonlyArray<Recorded>): Rule =>
  sequence(
    recorded.some(({ outcome }) => outcome === "waiting") ? showAtTask : noop,
    holds(held),
    ...received(recorded).map(log)
  )

/** Rule 12: nothing was recorded. The hub still has it. */
export const messagesUnrecorded = (reason: string): Rule => log({ event: "messages_unrecorded", reason })

/** The inbox as it was found at the start; undefined if there is none. */
export const inboxFound = (found: Pick<Talk, "held" | "known"> | undefined): Rule =>
  found === undefined ? noop : patchTalk({ held: found.held, known: found.known })

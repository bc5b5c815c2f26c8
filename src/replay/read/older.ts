import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { noAgent } from "../../domain/agent/AgentSlot.ts"
import type { Message } from "../../domain/Message.ts"
import { noTalk } from "../../domain/messages/Talk.ts"
import { notOpenedYet } from "../../domain/Readiness.ts"
import { TimerName, type Timers } from "../../domain/SidecarState.ts"
import { fromV1, StoredStateV1 } from "../../domain/StoredStateV1.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { frameKindOf } from "../../protocol/outgoing.ts"
import type { Line } from "../format.ts"

const timerNames: Readonly<Record<string, string>> = {
  confirmation: "task_confirmation",
  settle: "task_late_answer",
  lease: "task_check",
  look: "task_inspection"
}

const nameNow = (timer: unknown): unknown => Predicate.isString(timer) ? timerNames[timer] ?? timer : timer

const decodeV1 = Schema.decodeUnknownOption(StoredStateV1)

const storedNow = (stored: unknown): unknown => Option.getOrElse(Option.map(decodeV1(stored), fromV1), () => stored)

/** Older versions kept the type of a refused frame, and not its kind. */
const frameKindNow = (type: unknown) => Predicate.isString(type) ? frameKindOf(type) : "another"

const objectIn = (value: unknown): JsonObject => Predicate.isObject(value) ? { ...value } : {}

const listIn = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const phaseNow = (activity: unknown): unknown => {
  const { _tag, because, ...rest } = objectIn(activity)
  return {
    ...rest,
    _tag: _tag === "Settling" ? "AwaitingAnswer" : _tag,
    ...because === undefined ? {} : { because: because === "assess" ? "evidence" : because }
  }
}

/** An old recording that has no timers may contain a fact of any timer. */
const anyTimer: Timers = Object.fromEntries(TimerName.literals.map((name) => [name, 0]))

const timersNow = (timers: unknown): unknown =>
  Predicate.isObject(timers)
    ? Object.fromEntries(Object.entries(timers).map(([name, due]) => [nameNow(name), due]))
    : anyTimer

const slotNow = (agent: JsonObject, leaving: unknown, stopping: unknown): JsonObject => {
  const { activity, answer: _a, progress: _p, progress_sent_at: _s, seen_off: gone_wake = null, ...known } = agent
  return {
    agent: { ...noAgent, ...known, phase: phaseNow(activity), gone_wake },
    terminating: listIn(leaving).map((one) => {
      const { files, task_id } = objectIn(one)
      return { work_id: task_id, files }
    }),
    stopping
  }
}

const talkNow = (talk: unknown): unknown => ({ ...noTalk, ...objectIn(talk) })

/** Converts a recorded state of an older version to the current form. Fields that it lacks get their initial value. */
export const stateNow = (state: unknown): unknown => {
  if (!Predicate.isObject(state)) return state
  if (!("agent" in state)) return { ...state, talk: talkNow("talk" in state ? state.talk : null) }
  const { agent: told, connection, leaving, stopping, stored, timers, ...known } = objectIn(state)
  const agent = objectIn(told)
  const { refused_types, standing, ...link } = objectIn(connection)
  const { answer = null, progress = null } = agent
  return {
    readiness: notOpenedYet,
    talk: noTalk,
    ...known,
    stored: storedNow(stored),
    connection: {
      ...link,
      ownership: standing === "in_doubt" ? "unresolved" : standing,
      refused_frames: listIn(refused_types).map(frameKindNow).filter((kind) => kind !== "another")
    },
    outbound: { answer, progress },
    slots: { task: slotNow(agent, leaving, stopping), messages: { agent: noAgent, terminating: [], stopping: [] } },
    timers: timersNow(timers)
  }
}

/** Removes the commands and the state of a step. Older formats had other words for them, so only frames are compared. */
export const withoutTold = (line: Line): Line =>
  "entry" in line && line.entry.dir === "step" ? { ...line, entry: { ...line.entry, told: null } } : line

/** The `due` of a timer in a recording that does not say which start of the timer fired. */
const unknown_due = -1

/** The messages with a `work_id`, which older versions called `task_id`. */
const ofWork: ReadonlySet<string> = new Set<Message["_tag"]>([
  "AgentStarted",
  "ProgressFound",
  "ResultFound",
  "AgentInspected",
  "WakeSpawned",
  "WakeImpossible",
  "WakeExited",
  "AgentStopped",
  "RetryDue",
  "OrphanFound"
])

/** Converts the recorded fields of a message of an older version to the current form. */
export const fieldsNow = (tag: string, fields: JsonObject): JsonObject => {
  const { message_type, stored, task_id, timer, whereabouts, ...known } = fields
  if (tag === "TimerFired") return { due: unknown_due, ...known, timer: nameNow(timer) }
  if (tag === "Restarted") return { ...known, stored: storedNow(stored) }
  if (tag === "HubRefused" && message_type !== undefined) {
    return { ...known, frame: message_type === null ? null : frameKindNow(message_type) }
  }
  if (tag === "TaskLookedUp") return { location: whereabouts, ...known, task_id }
  return ofWork.has(tag) && task_id !== undefined ? { ...known, work_id: task_id } : fields
}

/** Completes a message of an older version: its timer fired at the start that runs now. */
export const messageNow = (message: Message, timers: Timers): Message =>
  message._tag === "TimerFired" && message.due === unknown_due
    ? { ...message, due: timers[message.timer] ?? unknown_due }
    : message

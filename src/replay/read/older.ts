import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { noAgent } from "../../domain/agent/AgentSlot.ts"
import type { Message } from "../../domain/Message.ts"
import { notOpenedYet } from "../../domain/Readiness.ts"
import { TimerName, type Timers } from "../../domain/SidecarState.ts"
import { fromV1, StoredStateV1 } from "../../domain/StoredStateV1.ts"
import type { JsonObject } from "../../domain/Work.ts"
import type { Line } from "../Line.ts"

const timerNames: Readonly<Record<string, string>> = {
  confirmation: "task_confirmation",
  settle: "task_late_answer",
  lease: "task_check",
  look: "task_inspection"
}

const nameNow = (timer: unknown): unknown => Predicate.isString(timer) ? timerNames[timer] ?? timer : timer

const decodeV1 = Schema.decodeUnknownOption(StoredStateV1)

const storedNow = (stored: unknown): unknown => Option.getOrElse(Option.map(decodeV1(stored), fromV1), () => stored)

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

/** Where it is not told which timers run, each of them may fire. */
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

/** A state as it stands in a recording, in the form of today. What an older one did not know yet is as at the beginning. */
export const stateNow = (state: unknown): unknown => {
  if (!Predicate.isObject(state) || !("agent" in state)) return state
  const { agent: told, connection, leaving, stopping, stored, timers, ...known } = objectIn(state)
  const agent = objectIn(told)
  const { standing, ...link } = objectIn(connection)
  const { answer = null, progress = null } = agent
  return {
    readiness: notOpenedYet,
    ...known,
    stored: storedNow(stored),
    connection: { ...link, ownership: standing === "in_doubt" ? "unresolved" : standing },
    outbound: { answer, progress },
    slots: { task: slotNow(agent, leaving, stopping), messages: { agent: noAgent, terminating: [], stopping: [] } },
    timers: timersNow(timers)
  }
}

/** Older formats told what a step led to in other words than today's, so that only the frames can be compared. */
export const withoutWords = (line: Line): Line =>
  "entry" in line && line.entry.dir === "step" ? { ...line, entry: { ...line.entry, told: null } } : line

const untold = -1

/** The messages that name the work that they speak of; older ones named a task. */
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

/** The fields of a message as they stand in a recording, in the form of today. */
export const fieldsNow = (tag: string, fields: JsonObject): JsonObject => {
  const { stored, task_id, timer, whereabouts, ...known } = fields
  if (tag === "TimerFired") return { due: untold, ...known, timer: nameNow(timer) }
  if (tag === "Restarted") return { ...known, stored: storedNow(stored) }
  if (tag === "TaskLookedUp") return { location: whereabouts, ...known, task_id }
  return ofWork.has(tag) && task_id !== undefined ? { ...known, work_id: task_id } : fields
}

/** The message as the rules take it: where it is not told which start of a timer fired, the one that runs did. */
export const messageNow = (message: Message, timers: Timers): Message =>
  message._tag === "TimerFired" && message.due === untold
    ? { ...message, due: timers[message.timer] ?? untold }
    : message

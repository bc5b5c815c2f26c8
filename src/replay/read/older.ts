import * as Predicate from "effect/Predicate"
import type { Message } from "../../domain/Message.ts"
import { notOpenedYet } from "../../domain/Readiness.ts"
import { noAgent, TimerName, type Timers } from "../../domain/SidecarState.ts"
import type { JsonObject } from "../../domain/Task.ts"

/** Where it is not told which timers run, each of them may fire. */
const anyTimer: Timers = Object.fromEntries(TimerName.literals.map((name) => [name, 0]))

/** A state as it stands in a recording; what an older one did not know yet is as at the beginning. */
export const completeState = (state: unknown): unknown =>
  Predicate.isObject(state) && "agent" in state && Predicate.isObject(state.agent)
    ? { readiness: notOpenedYet, timers: anyTimer, ...state, agent: { ...noAgent, ...state.agent } }
    : state

const untold = -1

/** The fields of a message as they stand in a recording; an older one did not tell which start of a timer fired. */
export const completeFields = (fields: JsonObject): JsonObject => ({ due: untold, ...fields })

/** The message as the rules take it: where it is not told which start of a timer fired, the one that runs did. */
export const messageNow = (message: Message, timers: Timers): Message =>
  message._tag === "TimerFired" && message.due === untold
    ? { ...message, due: timers[message.timer] ?? untold }
    : message

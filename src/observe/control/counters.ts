import * as Struct from "effect/Struct"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { Step } from "../../services/Observer.ts"

/** The counters at the start of the sidecar. */
export const noneCounted = {
  connections: 0,
  tasks_received: 0,
  tasks_refused: 0,
  tasks_completed: 0,
  tasks_failed: 0,
  reports_refused: 0,
  wakes: 0,
  wakes_failed: 0,
  saves_failed: 0,
  messages_received_waiting: 0, // this and the next five: by what became of them at first
  messages_received_answered: 0,
  messages_received_kept: 0,
  messages_received_dropped: 0,
  messages_received_left_out: 0,
  messages_received_awaited: 0,
  messages_delivered: 0,
  messages_sent: 0,
  messages_refused: 0,
  deliveries: 0,
  deliveries_failed: 0
}
type Counter = keyof typeof noneCounted
export type Counters = Readonly<Record<Counter, number>>
export const counterNames = Struct.keys(noneCounted)

const counterOf: { readonly [name in LifecycleEvent["event"]]?: Counter } = {
  task_refused: "tasks_refused",
  report_refused: "reports_refused",
  wake_attempt: "wakes",
  wake_failed: "wakes_failed",
  state_unsaved: "saves_failed",
  message_sent: "messages_sent",
  message_refused: "messages_refused"
}

/** The counter that a logged event raises. */
const counted = (event: LifecycleEvent): Counter | undefined => {
  if (event.event === "task_received") return event.again ? undefined : "tasks_received"
  if (event.event === "report_acknowledged") return event.status === "complete" ? "tasks_completed" : "tasks_failed"
  if (event.event === "messages_received") return `messages_received_${event.outcome}`
  return counterOf[event.event]
}

/** The counters after a step. */
export const countStep = (before: Counters, { before: { stored }, commands, message }: Step): Counters => {
  const counters = { ...before }
  if (message._tag === "Connected") counters.connections += 1
  if (message._tag === "DeliveryMarked" && message.end === "Failed") counters.deliveries_failed += 1
  if (message._tag === "DeliveryMarked" && message.end === "Delivered") {
    counters.deliveries += 1
    counters.messages_delivered += stored.messages?.payload.message_ids.length ?? 0
  }
  for (const command of commands) {
    if (command._tag !== "Log") continue
    const counter = counted(command.event)
    if (counter !== undefined) counters[counter] += "count" in command.event ? command.event.count : 1
  }
  return counters
}

import type { Command } from "../../../src/domain/Command.ts"
import type { Message } from "../../../src/domain/Message.ts"
import type { InboxMessage } from "../../../src/domain/messages/InboxMessage.ts"
import { defaultMessagePolicy } from "../../../src/domain/messages/MessagePolicy.ts"
import { type Held, nothingHeld, type Reading } from "../../../src/domain/messages/Talk.ts"
import type { SidecarState } from "../../../src/domain/SidecarState.ts"
import { line, Run, T0 } from "../support.ts"

export const messages = { ...defaultMessagePolicy, agent_id: "us", delivers: true }
export const minute_ms = 60_000

export const heard = (over: Partial<InboxMessage> = {}): InboxMessage => ({
  id: "m1",
  way: "pushed",
  channel: null,
  from: "bob",
  type: "chat",
  payload: {},
  reply_to: null,
  sent_at: T0,
  ...over
})

export const pushed = (message: Partial<InboxMessage> = {}): Message => ({
  _tag: "MessageHeard",
  message: heard(message)
})
export const recorded = (held: Partial<Held>) => ({
  _tag: "MessagesRecorded" as const,
  held: { ...nothingHeld, ...held },
  recorded: []
})
export const waiting = (first_at: number, urgent_at: number | null = null): Message =>
  recorded({ waiting: 1, first_at, urgent_at })
export const outgoing = (count: number): Message => ({ _tag: "HeldChanged", held: { ...nothingHeld, outgoing: count } })

/** What was read by `reading`, on the connection of the run. */
export const read = (run: Run, found: Partial<Extract<Message, { _tag: "HubRead" }>> = {}): Message => ({
  _tag: "HubRead",
  reading: reading(run),
  pass: run.state.talk.pass,
  messages: [],
  up_to: null,
  next: null,
  room: null,
  channels: null,
  is_full: false,
  ...found
})

export const reading = (run: Run): Reading => {
  const { reading: current } = run.state.talk
  if (current === null) throw new Error("nothing is being read")
  return current
}

export const isOfTalk = (command: Command): boolean =>
  command._tag !== "Log" && !("timer" in command && !["batch", "send", "renew"].includes(command.timer))

/** What talk does, in a line each; the frames of the task are of no interest here. */
export const said = (run: Run): ReadonlyArray<string> => run.commands.filter(isOfTalk).map(line)

export const told = (hub_time: number): Message => ({ _tag: "HubTimeTold", hub_time })
export const identified: ReadonlyArray<Message> = [{ _tag: "Connected" }, { _tag: "Identified" }, told(T0)]

/** Connected to a hub that has not told its time yet. */
export const untold = (over: Partial<SidecarState["policy"]> = {}): Run => Run.idle({ messages, ...over })

export const connected = (over: Partial<SidecarState["policy"]> = {}): Run => untold(over).tell(told(T0))

export const catchUpDue = (run: Run): Run =>
  run.after(minute_ms).tell({ _tag: "TimerFired", timer: "catch_up", due: run.state.timers.catch_up ?? 0 })

/** All that was missed is read. */
export const caughtUp = (over: Partial<SidecarState["policy"]> = {}): Run => {
  const run = connected(over)
  while (run.state.talk.reading !== null) run.tell(read(run))
  return run
}

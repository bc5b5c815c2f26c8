import { type Subject, subjects } from "./phases.ts"
import { type Call, calls, type Hold, holds, type Thread, threads } from "./strace.ts"

/**
 * The life that is killed. `task`: an idle daemon's that gets a task. `restart`: one that begins while the agent of its task is
 * at work. `pushed`: a connected daemon's that gets a message. `mailbox`: one that begins while a message waits at the hub.
 * `outbox`: a connected daemon's whose agent writes a message.
 */
export const scenarios = ["task", "restart", "pushed", "mailbox", "outbox"] as const
export type Scenario = (typeof scenarios)[number]

export const subjectIn: Readonly<Record<Scenario, Subject>> = {
  task: "task",
  restart: "task",
  pushed: "talk",
  mailbox: "talk",
  outbox: "talk"
}

/** An agent that is quick answers while the daemon is down; a slow one is at its work still when the daemon is back. */
export const paces = ["quick", "slow"] as const
export type Pace = (typeof paces)[number]

/** No agent is woken for a message of its own. */
export const pacesOf = (scenario: Scenario): ReadonlyArray<Pace> => scenario === "outbox" ? ["quick"] : paces

/** One run's kill, or the kills of several lives in a row. */
export type Kill =
  | {
    readonly _tag: "AtCall"
    readonly scenario: Scenario
    readonly pace: Pace
    readonly thread: Thread
    readonly call: Call
    readonly n: number
  }
  | { readonly _tag: "AtRandom"; readonly subject: Subject; readonly seed: number }
  | { readonly _tag: "AtLaunch"; readonly hold: Hold; readonly seed: number }

export const subjectOf = (kill: Kill): Subject => {
  switch (kill._tag) {
    case "AtCall":
      return subjectIn[kill.scenario]
    case "AtRandom":
      return kill.subject
    case "AtLaunch":
      return "task"
  }
}

export const nameOf = (kill: Kill): string => {
  switch (kill._tag) {
    case "AtCall":
      return `${kill.scenario}:${kill.pace}:${kill.thread}:${kill.call}:${kill.n}`
    case "AtRandom":
      return `random:${kill.subject}:${kill.seed}`
    case "AtLaunch":
      return `launch:${kill.hold}:${kill.seed}`
  }
}

const oneOf = <A extends string>(known: ReadonlyArray<A>, name: string | undefined): A | undefined =>
  known.find((candidate) => candidate === name)

export const scenarioNamed = (name: string | undefined): Scenario | undefined => oneOf(scenarios, name)

/** Reads a kill by its name; undefined where it is none. */
export const killNamed = (name: string): Kill | undefined => {
  const parts = name.split(":")
  const number = Number(parts.at(-1))
  if (!Number.isSafeInteger(number)) return undefined
  const subject = oneOf(subjects, parts[1])
  if (parts[0] === "random" && subject !== undefined) return { _tag: "AtRandom", subject, seed: number }
  const hold = oneOf(holds, parts[1])
  if (parts[0] === "launch" && hold !== undefined) return { _tag: "AtLaunch", hold, seed: number }
  const scenario = scenarioNamed(parts[0])
  const pace = oneOf(paces, parts[1])
  const thread = oneOf(threads, parts[2])
  const call = oneOf(calls, parts[3])
  if (scenario === undefined || pace === undefined || thread === undefined || call === undefined) return undefined
  return { _tag: "AtCall", scenario, pace, thread, call, n: number }
}

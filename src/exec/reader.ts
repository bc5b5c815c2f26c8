import type * as Effect from "effect/Effect"
import type { Mask } from "../process/taskLog.ts"
import type { AgentProgram } from "./agents/AgentProgram.ts"
import { textAt } from "./agents/fields.ts"
import { fails, noTurn, type Turn } from "./agents/Turn.ts"
import { answerOf, type ExecAnswer, type RunEnd } from "./answer.ts"
import { execLimits } from "./limits.ts"
import { objectReader } from "./objects.ts"
import { type Echo, keep, listen, toEach } from "./output.ts"
import { verdictOf } from "./verdict.ts"

/** A command, and what is known of it. */
export interface ReadOptions {
  readonly command: ReadonlyArray<string>
  readonly agent: AgentProgram | null // null: a command that we know nothing of
  readonly json: boolean // the JSON object that it prints is the answer
  readonly progress: boolean // what it prints is reported as progress
  readonly need_output: boolean // one that prints nothing has failed
}

/** Reads what a command prints, and judges it by that when it has ended. */
interface Reader {
  readonly command: ReadonlyArray<string> // as it is to be run
  readonly onOutput: (chunk: Uint8Array) => void
  readonly onErrors: (chunk: Uint8Array) => void
  readonly judge: (end: RunEnd, mask: Mask) => Effect.Effect<ExecAnswer>
  /** Whether it prints whatever its agent does, so that a long silence means something. */
  readonly is_stream: boolean
}

/** A command whose output is text, or one JSON object. */
const plainReader = (options: ReadOptions, tell: (line: string) => void, on: Echo): Reader => {
  const { command, json, need_output, progress } = options
  const heard = listen(json, progress ? tell : null, on)
  return {
    ...heard,
    command,
    judge: (end, mask) => answerOf({ ...heard, ...end, need_output }, json, mask),
    is_stream: false
  }
}

/** The program of an agent that we know. What it does is passed on in words, in place of its JSON. */
const agentReader = (
  agent: AgentProgram,
  command: ReadonlyArray<string>,
  tell: (line: string) => void,
  on: Echo
): Reader => {
  let turn: Turn = noTurn
  const print = (line: string) => on.output(Buffer.from(`${line}\n`))
  const objects = objectReader((object) => {
    const { doing } = turn
    turn = agent.read(turn, object)
    if (turn.doing === null || turn.doing === doing) return
    print(turn.doing)
    tell(turn.doing)
  }, print)
  const errors = objectReader((object) => {
    const reason = textAt(object, "error", "message")
    if (reason !== "") turn = fails(turn, reason)
  }, (line) => {
    turn = agent.readError?.(turn, line) ?? turn
  })
  const complaints = keep(0, execLimits.tail_bytes)
  return {
    onOutput: objects.push,
    onErrors: toEach(complaints.push, errors.push, on.errors),
    command,
    judge: (end, mask) => {
      objects.end()
      errors.end()
      return verdictOf(end, { agent, turn, complaints: complaints.text() }, mask)
    },
    is_stream: agent.is_stream
  }
}

/**
 * How the output of a command is read. `tell` gets what its agent is doing, for a person to read; `on` gets what is to stand in the log
 * of the task.
 */
export const readerOf = (options: ReadOptions, tell: (line: string) => void, on: Echo): Reader => {
  const { agent, command } = options
  const [program = "", ...given] = command
  return agent === null
    ? plainReader(options, tell, on)
    : agentReader(agent, [program, ...agent.readable(given)], tell, on)
}

import type * as Effect from "effect/Effect"
import type { Mask } from "../process/taskLog.ts"
import type { AgentProgram } from "./agents/AgentProgram.ts"
import { textAt } from "./agents/fields.ts"
import { fails, noTurn, type Turn } from "./agents/Turn.ts"
import { answerOf, type ExecAnswer, type RunEnd } from "./answer.ts"
import { objectReader } from "./objects.ts"
import { listen } from "./output.ts"
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
const plainReader = (options: ReadOptions, tell: (line: string) => void): Reader => {
  const { command, json, need_output, progress } = options
  const heard = listen(json, progress ? tell : null)
  return {
    ...heard,
    command,
    judge: (end, mask) => answerOf({ ...heard, ...end, need_output }, json, mask),
    is_stream: false
  }
}

/** The program of an agent that we know, with what makes it print JSON. */
const agentReader = (
  agent: AgentProgram,
  command: ReadonlyArray<string>,
  tell: (line: string) => void
): Reader => {
  let turn: Turn = noTurn
  const heard = listen(false, null)
  const objects = objectReader((object) => {
    const { doing } = turn
    turn = agent.read(turn, object)
    if (turn.doing !== null && turn.doing !== doing) tell(turn.doing)
  })
  const errors = objectReader((object) => {
    const reason = textAt(object, "error", "message")
    if (reason !== "") turn = fails(turn, reason)
  })
  return {
    onOutput: (chunk) => {
      heard.onOutput(chunk)
      objects.push(chunk)
    },
    onErrors: (chunk) => {
      heard.onErrors(chunk)
      errors.push(chunk)
    },
    command,
    judge: (end, mask) => {
      objects.end()
      errors.end()
      return verdictOf({ ...heard, ...end, need_output: false }, turn, agent, mask)
    },
    is_stream: agent.is_stream
  }
}

/** How the output of a command is read. `tell` gets what its agent is doing, for a person to read. */
export const readerOf = (options: ReadOptions, tell: (line: string) => void): Reader => {
  const { agent, command } = options
  const [program = "", ...given] = command
  return agent === null ? plainReader(options, tell) : agentReader(agent, [program, ...agent.readable(given)], tell)
}

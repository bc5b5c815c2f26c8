import * as Effect from "effect/Effect"
import { nearest } from "../config/nearest.ts"
import { agentNamed, agentNames, agentOf } from "../exec/agents/agents.ts"
import { exec } from "../exec/exec.ts"
import { misused } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runToEnd } from "./runMain.ts"

const named = (name: string) => {
  if (name === "plain") return Effect.succeed(null)
  const agent = agentNamed(name)
  const near = nearest(name, agentNames)
  const hint = near === undefined ? "" : `; did you mean ${near}?`
  return agent === undefined
    ? misused(`exec: there is no agent ${name}; there are ${agentNames.join(", ")} and plain${hint}`)
    : Effect.succeed(agent)
}

export const main = (options: Options, command: ReadonlyArray<string>): void =>
  runToEnd(Effect.gen(function*() {
    return yield* exec({
      command,
      agent: options.agent === undefined ? agentOf(command) : yield* named(options.agent),
      json: options.json !== undefined,
      progress: options.progress !== undefined,
      need_output: options["need-output"] !== undefined
    })
  }))

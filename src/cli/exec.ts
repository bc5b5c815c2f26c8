import * as Effect from "effect/Effect"
import { didYouMean } from "../config/nearest.ts"
import { agentNamed, agentNames, agentOf } from "../exec/agents/agents.ts"
import { exec } from "../exec/exec.ts"
import { misused } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runToEnd } from "./runMain.ts"

const named = (name: string) => {
  const agent = name === "plain" ? null : agentNamed(name)
  return agent === undefined
    ? misused(
      `exec: there is no agent ${name}; there are ${agentNames.join(", ")} and plain${didYouMean(name, agentNames)}`
    )
    : Effect.succeed(agent)
}

export const main = (options: Options, command: ReadonlyArray<string>): void => {
  const known = options.agent === undefined ? Effect.succeed(agentOf(command)) : named(options.agent)
  runToEnd(Effect.flatMap(known, (agent) =>
    exec({
      command,
      agent,
      json: options.json !== undefined,
      progress: options.progress !== undefined,
      need_output: options["need-output"] !== undefined
    })))
}

import { dirname } from "node:path"
import type { Settings } from "../config/SidecarConfig.ts"
import type { Platform } from "../platform.ts"
import { textOf, variableNames, type WakeCommand } from "../process/arguments.ts"
import { lostRemedy, lostVariables } from "../process/launcher.ts"
import { type Environment, withOwnBin } from "../process/programs.ts"
import { secret_chars } from "../secrets/secret.ts"

/** The variables that hold text of others. */
export const dataNames = ["TASK_DESCRIPTION", "TASK_JSON"] as const

const ownNames = new Set([...dataNames, ...variableNames.task, ...variableNames.messages])

const openclaw_refuses =
  "openclaw refuses to run where OPENCLAW_SHELL is exec: start the sidecar from an ordinary shell, " +
  "not from that of an OpenClaw agent"

/** Sentences about what in this environment keeps the wake command from running as it should. */
export const obstaclesIn = (inherited: Environment, command: WakeCommand): ReadonlyArray<string> => {
  const refused = inherited["OPENCLAW_SHELL"] === "exec" && /openclaw/i.test(textOf(command))
  const lost = lostVariables(command, inherited)
  return [...(refused ? [openclaw_refuses] : []), ...(lost === null ? [] : [`${lost}: ${lostRemedy}`])]
}

/** A short token may be part of any text, so it is recognised only as a whole value. */
const tells = (value: string, token: string): boolean =>
  token.length < secret_chars ? value === token : value.includes(token)

/** The agent gets neither the daemon's own variables nor its token, nor the variables of an outer wake. */
const inheritable = (name: string, value: string, token: string): boolean =>
  !/^AGENTCOM_|^NODE_ENV$/i.test(name) && !ownNames.has(name.toUpperCase()) && !tells(value, token)

/**
 * The user's own NODE_ENV. The value in a supervisor's file is for the daemon: with it npm would leave out the development
 * packages of an agent's project. Such a file keeps the earlier value, or an empty one, in AGENTCOM_AGENT_NODE_ENV.
 */
const ownNodeEnv = ({ AGENTCOM_AGENT_NODE_ENV: before, NODE_ENV: inherited }: Environment): Record<string, string> => {
  const value = before ?? inherited ?? ""
  return value === "" ? {} : { NODE_ENV: value }
}

/** What our `exec` has to know of the configuration: the folder of relative programs, and how long an agent may print nothing. */
export const execVariables = (
  { output_silence_ms, state_file }: Pick<Settings, "output_silence_ms" | "state_file">
) => ({
  AGENTCOM_FOLDER: dirname(state_file),
  AGENTCOM_OUTPUT_SILENCE_MS: `${output_silence_ms}`
})

/** The environment of a wake command: the daemon's without its secrets, and the `variables` of its work. */
export const childEnvironment = (
  inherited: Environment,
  token: string,
  wake_id: string,
  variables: Readonly<Record<string, string>>,
  platform: Platform
): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(inherited).flatMap(([name, value]) =>
      value !== undefined && inheritable(name, value, token) ? [[name, value]] : []
    )
  ),
  ...ownNodeEnv(inherited),
  ...withOwnBin(inherited, platform),
  AGENTCOM_NODE: process.execPath, // runs `agentcom-sidecar` on that PATH
  AGENTCOM_WAKE_ID: wake_id, // the cookie by which the processes of this wake are found
  ...variables
})

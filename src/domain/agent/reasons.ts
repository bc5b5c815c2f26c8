import type { Evidence, SilencePolicy } from "../Evidence.ts"
import { mayHaveLaunched } from "../Evidence.ts"
import type { WakeEnd } from "../Work.ts"

/** A reason with what the agent printed last, which is where it says why. */
export const quoting = (reason: string, { output = "" }: Evidence): string =>
  output === "" || reason.includes(output) ? reason : `${reason}; the end of its output: ${output}`

const endText = (end: WakeEnd): string => {
  const how = {
    exited: `the wake command ended with exit code ${end.code}`,
    killed: "the wake command was killed",
    unspawned: "the wake command could not be started",
    unwritten: "the task could not be written down for the agent",
    unseen: "the wake command ended"
  }[end.how]
  return end.output === "" ? how : `${how}: ${end.output}`
}

const runByExec = "and an agent that only prints one is to be run by `agentcom-sidecar exec --`"

/** Why the agent of this boot, or of one before, is not at work any more. */
export const whyNotAtWork = (end: WakeEnd | null, this_boot: boolean, policy: SilencePolicy): string => {
  if (!this_boot) return "the machine or the container of the agent restarted while it was at work"
  if (end !== null && !mayHaveLaunched(end, policy)) {
    const printsOnly = end.how === "exited" && end.code === 0 && end.output !== ""
    return `${endText(end)}; there is no answer${printsOnly ? `, ${runByExec}` : ""}`
  }
  return `the agent ended without an answer, or was silent for ${policy.agent_silence_ms} ms`
}

import * as Effect from "effect/Effect"
import type { Mask } from "../process/taskLog.ts"
import type { AgentProgram } from "./agents/AgentProgram.ts"
import type { Turn } from "./agents/Turn.ts"
import { type ExecAnswer, factsOf, failed, howEnded, isWell, type RunEnd } from "./answer.ts"
import { plainReason } from "./reason.ts"

/** The word at the beginning of an agent's last message that makes it a failure. The prompt says so. */
const own_failure = /^\W*FAILED\b[\s:*.–-]*/

const shown_denials = 5

/** What was denied, but for what the prompt names beside the work: the task's own files, and messages to others. */
const deniedIn = ({ denied }: Turn, { beside_work }: RunEnd): ReadonlyArray<string> =>
  [...denied].filter(([key, call]) => !beside_work.some((text) => key.includes(text) || call.includes(text)))
    .map(([, call]) => call)

/** What was denied, and how to allow it. */
const blockedText = (denied: ReadonlyArray<string>, { remedy, title }: AgentProgram): string => {
  const more = denied.length > shown_denials ? ` and ${denied.length - shown_denials} more` : ""
  return `blocked: ${title} was not allowed ${denied.slice(0, shown_denials).join("; ")}${more}. ${remedy}`
}

/** The facts of the turn that the program told. */
const toldIn = (turn: Turn, { name }: AgentProgram): ExecAnswer => ({
  agent: name,
  ...(turn.session_id === null ? {} : { session_id: turn.session_id }),
  ...(turn.tokens === null ? {} : { tokens_used: turn.tokens }),
  ...(turn.cost_usd === null ? {} : { cost_usd: turn.cost_usd })
})

/** What a known agent's program told: of the turn, and on standard error. */
interface Told {
  readonly agent: AgentProgram
  readonly turn: Turn
  readonly complaints: string
}

/** What the program printed to standard error, without what it always prints. */
const withoutNoise = ({ agent, complaints }: Told): string =>
  complaints.split("\n").filter((line) => !agent.noise.test(line)).join("\n").trim()

/** Why the turn is no success; null if it is one. The end of the program proves nothing: a turn that was denied ends well too. */
const failureOf = Effect.fnUntraced(function*(end: RunEnd, told: Told, mask: Mask) {
  const { agent, turn } = told
  if (turn.failure !== null) {
    const reason = plainReason(yield* mask(turn.failure), end.prompt)
    return reason === "" ? `${agent.title} says that the turn failed, and not why` : reason
  }
  // Messages are answered by what the agent may do: it is often allowed less there.
  const denied = end.kind === "task" ? deniedIn(turn, end) : []
  if (denied.length > 0) return yield* mask(blockedText(denied, agent))
  if (!isWell(end)) {
    const said = turn.trouble ?? (withoutNoise(told) || turn.text)
    const complaint = plainReason(yield* mask(said), end.prompt)
    return complaint === "" ? howEnded(end) : `${howEnded(end)}: ${complaint}`
  }
  if (!turn.is_over) return `${howEnded(end)} and did not tell how the turn of its agent ended`
  return turn.text.trim() === "" && end.kind === "task" ? `${agent.title} ended its turn without a word` : null
})

/** The answer that the end of a known agent's program means, by what it told of the turn. */
export const verdictOf = Effect.fnUntraced(function*(end: RunEnd, told: Told, mask: Mask) {
  const facts = { ...factsOf(end), ...toldIn(told.turn, told.agent) }
  const reason = yield* failureOf(end, told, mask)
  if (reason !== null) return failed(reason, facts)
  const output = told.turn.text.trim()
  if (end.kind !== "task" || !own_failure.test(output)) return { status: "success", output, ...facts }
  const own = plainReason(yield* mask(output.replace(own_failure, "")), end.prompt)
  return { status: "failed", reason: own || `${told.agent.title} says that it could not do the task`, ...facts }
})

import * as Effect from "effect/Effect"
import type { Mask } from "../process/taskLog.ts"
import type { AgentProgram } from "./agents/AgentProgram.ts"
import type { Turn } from "./agents/Turn.ts"
import { complaintOf, type ExecAnswer, factsOf, failed, howEnded, isWell, type Run } from "./answer.ts"
import { plainReason } from "./reason.ts"

/** The word at the beginning of an agent's last message that makes it a failure. The prompt says so. */
const own_failure = /^\W*FAILED\b[\s:*.–-]*/

/** What was denied, and how to allow it. */
const blockedText = ({ denied }: Turn, { remedy, title }: AgentProgram): string =>
  `blocked: ${title} was not allowed ${[...denied.values()].join("; ")}. ${remedy}`

/** The facts of the turn that the program told. */
const toldIn = (turn: Turn, { name }: AgentProgram): ExecAnswer => ({
  agent: name,
  ...(turn.session_id === null ? {} : { session_id: turn.session_id }),
  ...(turn.tokens === null ? {} : { tokens_used: turn.tokens }),
  ...(turn.cost_usd === null ? {} : { cost_usd: turn.cost_usd })
})

/** Why the turn is no success; null if it is one. The end of the program proves nothing: a turn that was denied ends well too. */
const failureOf = Effect.fnUntraced(function*(run: Run, turn: Turn, agent: AgentProgram, mask: Mask) {
  const told = turn.failure === null ? "" : plainReason(yield* mask(turn.failure), run.prompt)
  if (told !== "") return told
  if (turn.denied.size > 0) return yield* mask(blockedText(turn, agent))
  if (!isWell(run)) {
    const complaint = (yield* complaintOf(run.tails.errors, run.prompt, mask)) || (turn.trouble ?? turn.text)
    return complaint === "" ? howEnded(run) : `${howEnded(run)}: ${plainReason(yield* mask(complaint), run.prompt)}`
  }
  if (!turn.is_over) return `${howEnded(run)} and did not tell how the turn of its agent ended`
  return turn.text.trim() === "" && run.kind === "task" ? `${agent.title} ended its turn without a word` : null
})

/** The answer that the end of a known agent's program means, by what it told of the turn. */
export const verdictOf = Effect.fnUntraced(function*(run: Run, turn: Turn, agent: AgentProgram, mask: Mask) {
  const facts = { ...factsOf(run), ...toldIn(turn, agent) }
  const reason = yield* failureOf(run, turn, agent, mask)
  if (reason !== null) return failed(reason, facts)
  const output = turn.text.trim()
  const answer: ExecAnswer = run.kind === "task" && own_failure.test(output)
    ? {
      status: "failed",
      reason: plainReason(output.replace(own_failure, ""), run.prompt) || "the agent says so",
      ...facts
    }
    : { status: "success", output, ...facts }
  return answer
})

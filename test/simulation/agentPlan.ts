import { a_folder } from "./folder.ts"
import type { World } from "./world.ts"

const second_ms = 1_000
const minute_ms = 60_000
const in_time_ms = 25_000
const most_progress = 20

/** One thing the agent writes, so many milliseconds after its command began. */
export interface Writing {
  readonly at: number
  readonly kind: "started" | "progress" | "json"
  readonly content: string
  readonly complete: boolean
}

/** What an agent will do, drawn when it is woken. Times are milliseconds since its command began. */
export interface AgentPlan {
  readonly writings: ReadonlyArray<Writing>
  readonly ends_at: number | null // the agent itself; null for one that hangs
  readonly exit_code: number
  /** A command that only starts something: when it exits with 0, and whether what it started is still ours to stop. */
  readonly launches: { readonly at: number; readonly stoppable: boolean } | null
  /** Left to itself it confirms in time and gives a good answer. */
  readonly healthy: boolean
}

const success = (session: number, nth: number) =>
  JSON.stringify({ status: "success", output: `answer ${nth} of session ${session}` })

/** What the agent says to the messages of a batch: to each a reply, or none. */
const replies = ({ chance }: World, session: number, message_ids: ReadonlyArray<string>): string => {
  const said = message_ids.filter(() => chance.is("reply", 0.6)).map((id) => [id, `session ${session} to ${id}`])
  return JSON.stringify({ status: "success", replies: Object.fromEntries(said) })
}
const failure = (session: number) => JSON.stringify({ status: "failed", reason: `failure of session ${session}` })

/** Whether `content` is an answer that may never be lost. */
export const isSuccess = (content: string): boolean => content.startsWith(`{"status":"success"`)

/** Whether `content` is a whole answer that says that the work has failed. */
export const isFailure = (content: string): boolean => content.startsWith(`{"status":"failed"`)

export const answerOnTerm = (session: number): string => success(session, 9)

const drawConfirmation = ({ chance, faults, policy }: World): number | null => {
  if (faults.strikes("agent_never_confirms")) return null
  if (faults.strikes("agent_confirms_late")) return chance.between("agent", 29_900, 30_100)
  if (faults.strikes("agent_confirms_in_retry_delay")) {
    return policy.confirmation_timeout_ms + chance.between("agent", 100, 6_000)
  }
  return chance.between("agent", 50, 5 * second_ms)
}

const drawAnswers = (
  world: World,
  session: number,
  at: number,
  message_ids: ReadonlyArray<string> | null
): ReadonlyArray<Writing> => {
  const { chance, faults } = world
  const write = (after: number, content: string, complete = true): Writing => ({
    at: at + after,
    kind: "json",
    content,
    complete
  })
  if (faults.strikes("agent_ends_without_answer")) return []
  const good = faults.strikes("agent_fails")
    ? failure(session)
    : message_ids === null
    ? success(session, 1)
    : replies(world, session, message_ids)
  if (faults.strikes("agent_answer_unusable")) {
    return [write(0, chance.pick("agent", ["not JSON", "", "[1]", a_folder]))]
  }
  if (faults.strikes("agent_answer_half_written")) {
    return [write(0, good.slice(0, 12), false), write(chance.between("agent", 50, 9_000), good)]
  }
  if (faults.strikes("agent_answers_twice")) {
    const second = chance.is("agent", 0.5) ? success(session, 2) : failure(session)
    return [write(0, good), write(chance.between("agent", 10, 20_000), second)]
  }
  return [write(0, good)]
}

const drawLaunch = ({ chance, policy }: World): AgentPlan["launches"] => {
  if (policy.wake_command_blocks || chance.is("agent", 0.4)) return null
  return { at: chance.between("agent", 100, 2 * second_ms), stoppable: chance.is("agent", 0.5) }
}

const progressUntil = (world: World, from: number, until: number): ReadonlyArray<Writing> => {
  const drawn = world.chance.between("agent", 20, 240) * second_ms
  const every = Math.min(world.policy.agent_silence_ms / 2, Math.max(drawn, (until - from) / most_progress))
  const writings: Array<Writing> = []
  for (let at = from + every; at < until; at += every) {
    writings.push({ at, kind: "progress", content: String(writings.length + 1), complete: true })
  }
  return writings
}

const dead = (world: World): AgentPlan => ({
  writings: [],
  ends_at: world.chance.between("agent", 0, 2 * second_ms),
  exit_code: world.chance.between("agent", 1, 3),
  launches: null,
  healthy: false
})

/** Draws what the agent of one wake will do, for a task or for messages. Before the faults stop it may do anything. */
export const drawPlan = (
  world: World,
  session: number,
  message_ids: ReadonlyArray<string> | null
): AgentPlan => {
  const { chance, faults } = world
  if (faults.strikes("agent_dead_at_once")) return dead(world)
  const confirmed_at = drawConfirmation(world)
  const work = faults.strikes("agent_slow")
    ? chance.between("agent", 5, 40) * minute_ms
    : chance.between("agent", 1, 120) * second_ms
  const before = faults.strikes("agent_answers_before_confirming")
  const answer_at = before ? chance.between("agent", 10, 4_000) : (confirmed_at ?? 0) + work
  const answers = confirmed_at === null && !before ? [] : drawAnswers(world, session, answer_at, message_ids)
  const last = Math.max(answer_at, ...answers.map(({ at }) => at))
  const hangs = faults.strikes("agent_hangs") || (confirmed_at === null && answers.length === 0)
  const lingers = faults.strikes("agent_lingers") ? chance.between("agent", 10, 60) * second_ms : 0
  const started: ReadonlyArray<Writing> = confirmed_at === null
    ? []
    : [{ at: confirmed_at, kind: "started", content: "", complete: true }]
  return {
    writings: [
      ...started,
      ...progressUntil(world, confirmed_at ?? 0, hangs || confirmed_at === null ? 0 : last),
      ...(hangs && chance.is("agent", 0.5) ? [] : answers)
    ],
    ends_at: hangs ? null : Math.max(last, confirmed_at ?? 0) + chance.between("agent", 0, 500) + lingers,
    exit_code: faults.strikes("agent_exits_nonzero") ? 1 : 0,
    launches: drawLaunch(world),
    healthy: !hangs && confirmed_at !== null && confirmed_at < in_time_ms &&
      answers.every(({ content }) => isSuccess(content))
  }
}

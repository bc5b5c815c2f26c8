import { describe, expect, it } from "@effect/vitest"
import { allMutants, type Mutant } from "../mutation/mutants.ts"
import { type Fates, type Task, work } from "./mutants/work.ts"

const mutants = allMutants()
const condition = "negate a condition"
const part = "drop a part of a rule"
const command = "drop a command"

/** For each rule: the part that is removed, and a session that evaluates it. */
const changes: ReadonlyArray<readonly [string, string, Mutant["kind"], string, string]> = [
  ["identifies as idle while it works", "messages/presence", condition, "task !== null", "drop"],
  ["forgets that the link was dead", "hub/link", condition, "half_open", "half-open"],
  ["takes back a task without asking whose it is", "hub/link", part, "askWhoseItIs", "drop"],
  ["does not end a cancelled task", "hub/life", part, "isHeld ?", "cancel"],
  ["starts without a look at the agent", "hub/restart", part, "ofTaskAgent(recover)", "crash-at-work"],
  ["drains without an end", "hub/readiness", command, "{ _tag: \"Exit\"", "drain"],
  ["looks up no task in doubt", "hub/ownership", command, "{ _tag: \"LookUpTask\", task_id: id", "queued-elsewhere"],
  ["accepts although it cannot be written down", "hub/assignment", condition, "whyNotReady(state) !== null", "disk"],
  ["does not try to save again", "hub/disk", part, "startTimer(\"disk\"", "disk"],
  ["sends no answer", "hub/exchange", command, "{ _tag: \"SendReport\"", "happy"],
  ["does not note that a failure was sent", "hub/exchange", part, "markFailureSent", "agent-fails"],
  ["waits for no answer of the hub", "hub/exchange", part, "startTimer(\"answer\"", "report-unanswered"],
  ["relays no progress", "hub/exchange", command, "{ _tag: \"SendProgress\", task, progress }", "progress"],
  ["leaves a failed agent alive", "agent/wake", part, "stopAgent(", "no-confirmation"],
  ["does not try to wake again", "agent/wake", command, "{ _tag: \"RetryWake\"", "second-wake-works"],
  ["wakes nobody", "agent/wake", command, "{ _tag: \"WakeAgent\"", "happy"]
]

const indexOf = (file: string, kind: Mutant["kind"], beginning: string): number =>
  mutants.findIndex((mutant) =>
    mutant.file.endsWith(`domain/${file}.ts`) && mutant.kind === kind && mutant.original.startsWith(beginning)
  )

describe("a replay", () => {
  it("differs where a rule that the session comes to is another one", async () => {
    const tasks = changes.map(([, file, kind, beginning, session]): Task => ({
      index: indexOf(file, kind, beginning),
      names: [`${session}.jsonl`]
    }))
    const gone = changes.filter((_, place) => tasks[place]?.index === -1)
    expect(gone, "these are not in the rules any more: choose others").toEqual([])
    const fates = new Map<number, Fates | undefined>()
    await work<Fates>([...tasks], ({ index }, answer) => void fates.set(index, answer))
    const told = changes.map(([what, , , , session], place) => [
      what,
      fates.get(tasks[place]?.index ?? -1)?.[`${session}.jsonl`]
    ])
    expect(told).toEqual(changes.map(([what]) => [what, "shown"]))
  })
})

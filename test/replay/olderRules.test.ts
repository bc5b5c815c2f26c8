import { describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { ReplayEvent } from "../../src/replay/ReplayEvent.ts"
import { differencesIn, notesIn, replayedText } from "./support.ts"

const folder = "test/fixtures/sessions-before-messages"
const names = readdirSync(folder)
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8")

/** What a version with messages does, or says of its state, and the version before did not. */
const rules: ReadonlyArray<readonly [rule: string, words: ReadonlyArray<string>]> = [
  ["22: once the hub has told its time, and each minute, it is read", ["StartTimer catch_up"]],
  ["22: what was missed is not read yet", ["behind"]],
  [
    "22: after a dead link a message goes to ourselves",
    ["TestDelivery", "StartTimer self_test", "CancelTimer self_test", "self test sent"]
  ],
  [
    "25: what we are at is shown",
    [
      ...["Identify at work", "StartTimer presence", "CancelTimer presence"],
      ...["idle", "at work", "paused", "draining"].map((text) => `ShowPresence ${text}`)
    ]
  ],
  ["21: after a refusal it connects anew, unless a task comes", ["StartTimer renew", "CancelTimer renew"]]
]

const was_at_work = "Identify working" // now it says since when

const ruleOf: ReadonlyMap<string, string> = new Map(
  rules.flatMap(([rule, words]) => words.map((word) => [word, rule] as const))
)

/** Rule 25: the text with which we identify says since when the agent is at work. */
const isPresence = (event: ReplayEvent): boolean =>
  event.kind === "frame" && event.dir === "out" && event.verdict === "changed" && event.msg["type"] === "identify" &&
  event.fields.join() === "status" && String(event.msg["status"]).startsWith("at work since ")

type Decision = Extract<ReplayEvent, { readonly kind: "decision" }>

const wordsOf = ({ commands, state }: Decision): ReadonlyArray<string> => [...commands, ...state?.split(", ") ?? []]

/** The words of one that the other has not. */
const without = (words: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> =>
  others.reduce((left, other) => left.toSpliced(left.indexOf(other) < 0 ? left.length : left.indexOf(other), 1), words)

/** The decisions that differ, each with the recorded one. */
const pairsIn = (events: ReadonlyArray<ReplayEvent>): ReadonlyArray<readonly [ours: Decision, recorded: Decision]> => {
  const decisions = differencesIn(events).filter((event) => event.kind === "decision")
  return decisions.flatMap((ours, index) => {
    const recorded = decisions[index + 1]
    return ours.verdict === "ours" && recorded !== undefined ? [[ours, recorded] as const] : []
  })
}

describe("a session that was recorded before there were messages", () => {
  it("is one of 47", () => {
    expect(names.length).toBe(47)
  })

  it.each(names)("%s is read whole, and its frames to the hub are those of this version", (name) => {
    const events = replayedText(textOf(name))
    expect(notesIn(events).filter((note) => /left out|missing|middle of a life|invalid/.test(note))).toEqual([])
    // A frame that a decision led to may have found no connection.
    const others = differencesIn(events).filter((event) => !("verdict" in event && event.verdict === "ours"))
    expect(others.filter((event) => event.kind !== "decision" && !isPresence(event))).toEqual([])
  })

  it.each(names)("%s has no decision less, and each more by a rule that is listed", (name) => {
    for (const [ours, recorded] of pairsIn(replayedText(textOf(name)))) {
      expect(without(wordsOf(recorded), wordsOf(ours)).filter((word) => word !== was_at_work)).toEqual([])
      expect(without(wordsOf(ours), wordsOf(recorded)).filter((word) => !ruleOf.has(word))).toEqual([])
    }
  })

  it("has a decision by each listed rule in some session", () => {
    const more = names.flatMap((name) =>
      pairsIn(replayedText(textOf(name))).flatMap(([ours, recorded]) => without(wordsOf(ours), wordsOf(recorded)))
    )
    expect(new Set(more)).toEqual(new Set(ruleOf.keys()))
  })
})

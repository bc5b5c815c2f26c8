import type { JsonObject } from "./json.ts"
import { array, text } from "./json.ts"

export type Tier = "trivial" | "standard" | "complex" | "unknown"

export interface Complexity {
  readonly effective_tier: Tier
  readonly explicit_tier: Tier | null
  readonly source: "explicit" | "inferred"
  readonly inferred: { readonly tier: Tier; readonly confidence: number }
}

const COMPLEX = ["refactor", "architect", "migration", "redesign", "migrate", "security", "overhaul", "rewrite"]
const TRIVIAL = ["typo", "update readme", "bump version", "rename", "format", "lint", "version bump"]

const isTier = (value: string | null): value is Tier =>
  value === "trivial" || value === "standard" || value === "complex" || value === "unknown"

/** One vote by a count: at or below `few` trivial, above `many` complex. */
const vote = (count: number, few: number, many: number): Tier =>
  count <= few ? "trivial" : count > many ? "complex" : "standard"

const majority = (votes: ReadonlyArray<Tier>): Tier => {
  const most = (["standard", "complex", "trivial"] as const)
    .map((tier) => ({ tier, votes: votes.filter((v) => v === tier).length }))
    .reduce((best, next) => next.votes > best.votes ? next : best)
  return most.tier
}

const infer = (input: JsonObject): Complexity["inferred"] => {
  const description = text(input, "description", "").toLowerCase()
  const words = description.split(/\s+/).filter((word) => word !== "").length
  const files = array(input, "file_hints").length
  const steps = array(input, "verification_steps").length
  if (words + files + steps === 0) return { tier: "unknown", confidence: 0 }
  if (COMPLEX.some((word) => description.includes(word))) {
    return { tier: "complex", confidence: 0.7 + [files > 3, steps > 3, words > 50].filter(Boolean).length * 0.1 }
  }
  if (TRIVIAL.some((word) => description.includes(word)) && files <= 3 && steps <= 3) {
    return { tier: "trivial", confidence: words < 10 ? 0.9 : 0.75 }
  }
  const votes = [vote(words, 9, 50), vote(files, 0, 3), vote(steps, 0, 3)]
  const winner = majority(votes)
  // Few words alone are no sign of a trivial task: only a keyword makes one.
  const tier = winner === "trivial" ? "standard" : winner
  return { tier, confidence: votes.filter((v) => v === tier).length / votes.length }
}

/** How hard a submitted task is: the tier it names wins over the one its text suggests. */
export const complexityOf = (input: JsonObject): Complexity => {
  const named = text(input, "complexity_tier", null)
  const explicit = isTier(named) ? named : null
  const inferred = infer(input)
  return {
    effective_tier: explicit ?? inferred.tier,
    explicit_tier: explicit,
    source: explicit === null ? "inferred" : "explicit",
    inferred
  }
}

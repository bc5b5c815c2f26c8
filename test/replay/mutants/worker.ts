import { registerHooks } from "node:module"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { Step } from "../../../src/services/Observer.ts"
import { allMutants, apply } from "../../mutation/mutants.ts"
import { instrumented, type Probe, probeName } from "./instrumented.ts"
import type * as Unchanged from "./judge.ts"
import { linesOf } from "./recordings.ts"
import { exercise, type Exercised, type Fate, type Fates, type Task } from "./work.ts"

const mutants = allMutants()
const versions = new Map<string, (path: string) => string | undefined>()

// Each version of the rules has its own module graph: a module imports only modules of its version.
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context)
    const { search } = new URL(context.parentURL ?? "file:///")
    return search !== "" && specifier.startsWith(".") ? { ...found, url: `${found.url}${search}` } : found
  },
  load: (url, context, next) => {
    const { pathname, search } = new URL(url)
    const source = versions.get(search)?.(pathname)
    return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true }
  }
})

type Rules = typeof Unchanged

const load = async (version: string, change: (path: string) => string | undefined): Promise<Rules> => {
  versions.set(`?${version}`, change)
  return await import(`${pathToFileURL(resolve("test/replay/mutants/judge.ts")).href}?${version}`)
}

/** Finds the places in the unchanged rules that each recording evaluates. */
const exercisedBy = async (names: ReadonlyArray<string>): Promise<Exercised> => {
  let hits = new Set<number>()
  const probe: Probe = {
    hit: (index) => void hits.add(index),
    rule: (index, rule) => {
      if (typeof rule !== "function") {
        hits.add(index)
        return rule
      }
      const applied: unknown = (...given: ReadonlyArray<unknown>) => {
        hits.add(index)
        return Reflect.apply(rule, undefined, given)
      }
      return applied
    },
    // The tag of a command is first read after the decision for it.
    command: (index, command) => {
      if (typeof command !== "object" || command === null || !("_tag" in command)) {
        hits.add(index)
        return command
      }
      const { _tag } = command
      const get = () => {
        hits.add(index)
        return _tag
      }
      return Object.defineProperty({ ...command }, "_tag", { get, enumerable: true })
    }
  }
  Object.assign(globalThis, { [probeName]: probe })
  const files = new Set(mutants.map(({ file }) => resolve(file)))
  const { differs } = await load(
    "instrumented",
    (path) => files.has(path) ? instrumented(path.slice(resolve(".").length + 1), mutants) : undefined
  )
  return Object.fromEntries(names.map((name) => {
    hits = new Set()
    if (differs(linesOf(name))) throw new Error(`${name} differs without any change`)
    return [name, [...hits]]
  }))
}

const { stepsOf } = await load("unchanged", () => undefined)
const steps = new Map<string, ReadonlyArray<Step>>()

const stepsIn = (name: string): ReadonlyArray<Step> => {
  const taken = steps.get(name) ?? stepsOf(linesOf(name))
  steps.set(name, taken)
  return taken
}

/** Rules that throw count as `otherwise`. */
const orIfItThrows = <A>(otherwise: A, look: () => A): A => {
  try {
    return look()
  } catch {
    return otherwise
  }
}

const fateIn = (name: string, { differs, likenessOf }: Rules): Fate => {
  const found = new Set(stepsIn(name).map((taken) => orIfItThrows("otherwise", () => likenessOf(taken))))
  if (!found.has("otherwise") && !found.has("saved otherwise")) return "alike"
  if (orIfItThrows(true, () => differs(linesOf(name)))) return "shown"
  return found.has("otherwise") ? "otherwise" : "saved otherwise"
}

/** Every replay shows a version that cannot be loaded. */
const judge = async (index: number, names: ReadonlyArray<string>): Promise<Fates> => {
  const mutant = mutants[index]
  const change = (path: string) => mutant !== undefined && path === resolve(mutant.file) ? apply(mutant) : undefined
  const rules = await load(`mutant-${index}`, change).catch(() => null)
  return Object.fromEntries(names.map((name) => [name, rules === null ? "shown" : fateIn(name, rules)]))
}

process.on("message", ({ index, names }: Task) => {
  const answer = index === exercise ? exercisedBy(names) : judge(index, names)
  void answer.then((value) => process.send?.(value))
})
process.send?.("ready")

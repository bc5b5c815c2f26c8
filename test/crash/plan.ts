import { type Options, randomFrom } from "./options.ts"
import { type Kill, type Scenario, scenarios } from "./runs.ts"
import { type Call, calls, type Made, type Thread, threads } from "./strace.ts"

export type Measured = Readonly<Record<Scenario, ReadonlyArray<Made>>>

/** What gives the next kill, and is told of one that killed nobody, as the thread makes so many calls no more. */
export interface Plan {
  readonly next: () => Kill | undefined
  readonly survived: (kill: Kill) => void
}

const randomKills = 150
const launchKills = 25

const seeded = (options: Options, randoms: number, launches: number): ReadonlyArray<Kill> => {
  const random = randomFrom(options.seed)
  const seed = () => Math.floor(random() * 1_000_000_000)
  return [
    ...Array.from({ length: randoms }, (): Kill => ({ _tag: "AtRandom", seed: seed() })),
    ...Array.from({ length: launches }, (): Kill => ({ _tag: "AtLaunch", seed: seed() }))
  ]
}

const listed = (kills: ReadonlyArray<Kill>): Plan => {
  const left = kills.values()
  return { next: () => left.next().value, survived: () => {} }
}

interface Series {
  readonly scenario: Scenario
  readonly thread: Thread
  readonly call: Call
  n: number
  over: boolean
}

/** Every call of every kind until there is none any more, then the kills at random times. */
const everything = (measured: Measured, options: Options): Plan => {
  const series = scenarios.flatMap((scenario) =>
    threads.flatMap((thread) =>
      calls
        .filter((call) => measured[scenario].some((made) => made.thread === thread && made.call === call))
        .map((call): Series => ({ scenario, thread, call, n: 0, over: false }))
    )
  )
  const rest = listed(seeded(options, randomKills, launchKills))
  return {
    next: () => {
      const current = series.find(({ over }) => !over)
      if (current === undefined) return rest.next()
      const { call, scenario, thread } = current
      return { _tag: "AtCall", scenario, thread, call, n: ++current.n }
    },
    survived: (kill) => {
      if (kill._tag !== "AtCall") return
      const { call, scenario, thread } = kill
      for (const one of series) {
        if (one.scenario === scenario && one.thread === thread && one.call === call) one.over = true
      }
    }
  }
}

const shuffled = <A>(all: ReadonlyArray<A>, random: () => number): Array<A> =>
  all.map((value) => ({ value, key: random() })).toSorted((a, b) => a.key - b.key).map(({ value }) => value)

/** Some of the calls, as evenly as it goes over the kinds of call and the phases. */
const drawn = (measured: Measured, options: Options, size: number): Plan => {
  const random = randomFrom(options.seed)
  const cells = new Map<string, Array<Kill>>()
  for (const scenario of scenarios) {
    for (const { call, n, phase, thread } of shuffled(measured[scenario], random)) {
      const cell = cells.get(`${call} ${phase}`) ?? []
      cells.set(`${call} ${phase}`, [...cell, { _tag: "AtCall", scenario, thread, call, n }])
    }
  }
  const decks = shuffled([...cells.values()], random)
  const rounds = Array.from({ length: size }, (_, round) => decks.flatMap((deck) => deck.slice(round, round + 1)))
  const others = Math.ceil(size / 10)
  return listed([...seeded(options, others, others), ...rounds.flat()].slice(0, size))
}

/** Reads a kill as a failure prints its name. */
const named = (name: string): Kill => {
  const [first, ...rest] = name.split(":")
  const number = Number(rest.at(-1))
  if (first === "random") return { _tag: "AtRandom", seed: number }
  if (first === "launch") return { _tag: "AtLaunch", seed: number }
  const scenario = scenarios.find((known) => known === first)
  const thread = threads.find((known) => known === rest[0])
  const call = calls.find((known) => known === rest[1])
  if (scenario === undefined || thread === undefined || call === undefined || !Number.isInteger(number)) {
    throw new Error(`--only takes a name like task:pool:rename:3, random:12 or launch:7, not ${name}`)
  }
  return { _tag: "AtCall", scenario, thread, call, n: number }
}

export const planFor = (measured: Measured, options: Options): Plan =>
  options.only.length > 0
    ? listed(options.only.map(named))
    : options.sample === undefined
    ? everything(measured, options)
    : drawn(measured, options, options.sample)

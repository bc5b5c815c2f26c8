import { type Kill, killNamed, type Pace, pacesOf, type Scenario, subjectIn } from "./kills.ts"
import { type Options, randomFrom } from "./options.ts"
import { type Call, calls, type Made, type Thread, threads } from "./strace.ts"

/** The calls of each scenario that is played. */
export type Measured = ReadonlyMap<Scenario, ReadonlyArray<Made>>

/** What gives the next kill, and is told of one that killed nobody, as the thread makes so many calls no more. */
export interface Plan {
  readonly next: () => Kill | undefined
  readonly survived: (kill: Kill) => void
}

const randomKills = 150
const launchKills = 40

/** Made by the hundred, most of them to wake a thread: there quick and slow agents take turns. */
const frequent: ReadonlySet<Call> = new Set(["write", "openat"])

const seeded = (measured: Measured, options: Options, randoms: number, launches: number): ReadonlyArray<Kill> => {
  const random = randomFrom(options.seed)
  const seed = () => Math.floor(random() * 1_000_000_000)
  const played = new Set([...measured.keys()].map((scenario) => subjectIn[scenario]))
  return [
    ...Array.from({ length: played.has("task") ? launches : 0 }, (_, n): Kill => ({
      _tag: "AtLaunch",
      hold: n % 2 === 0 ? "exit" : "enter",
      seed: seed()
    })),
    ...[...played].flatMap((subject) =>
      Array.from({ length: randoms }, (): Kill => ({ _tag: "AtRandom", subject, seed: seed() }))
    )
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
  readonly paces: ReadonlyArray<Pace>
  next: number
  over: boolean
}

const seriesOf = (measured: Measured): ReadonlyArray<Series> =>
  [...measured].flatMap(([scenario, all]) =>
    threads.flatMap((thread) =>
      calls
        .filter((call) => all.some((made) => made.thread === thread && made.call === call))
        .flatMap((call) =>
          (frequent.has(call) ? [pacesOf(scenario)] : pacesOf(scenario).map((pace) => [pace]))
            .map((itsPaces): Series => ({ scenario, thread, call, paces: itsPaces, next: 1, over: false }))
        )
    )
  )

/** Every call of every kind until there is none any more, then the kills at other times. */
const everything = (measured: Measured, options: Options): Plan => {
  const series = seriesOf(measured)
  const rest = listed(seeded(measured, options, randomKills, launchKills))
  const origin = new Map<Kill, Series>()
  return {
    next: () => {
      const current = series.find(({ over }) => !over)
      if (current === undefined) return rest.next()
      const { call, next: n, scenario, thread } = current
      const pace = current.paces[n % current.paces.length] ?? "quick"
      const kill: Kill = { _tag: "AtCall", scenario, pace, thread, call, n }
      origin.set(kill, current)
      current.next += 1
      return kill
    },
    survived: (kill) => {
      const survivors = origin.get(kill)
      if (survivors !== undefined) survivors.over = true
    }
  }
}

const shuffled = <A>(all: ReadonlyArray<A>, random: () => number): Array<A> =>
  all.map((value) => ({ value, key: random() })).toSorted((a, b) => a.key - b.key).map(({ value }) => value)

/** Some of the calls, as evenly as it goes over the kinds of call and the phases of tasks and of talk. */
const drawn = (measured: Measured, options: Options, size: number): Plan => {
  const random = randomFrom(options.seed)
  const decks = new Map<string, Array<Kill>>()
  for (const [scenario, all] of measured) {
    for (const { call, n, phase, thread } of all) {
      const pace = random() < 0.5 ? "quick" : pacesOf(scenario).at(-1) ?? "quick"
      const name = `${subjectIn[scenario]} ${call} ${phase}`
      const deck = decks.get(name) ?? []
      decks.set(name, [...deck, { _tag: "AtCall", scenario, pace, thread, call, n }])
    }
  }
  const mixed = shuffled([...decks.values()], random).map((deck) => shuffled(deck, random))
  const rounds = Array.from({ length: size }, (_, round) => mixed.flatMap((deck) => deck.slice(round, round + 1)))
  const others = Math.ceil(size / 10)
  return listed([...seeded(measured, options, others, others), ...rounds.flat()].slice(0, size))
}

const named = (name: string): Kill => {
  const kill = killNamed(name)
  if (kill === undefined) {
    throw new Error(`--only takes a name like task:slow:pool:rename:3, random:talk:12 or launch:exit:7, not ${name}`)
  }
  return kill
}

export const planFor = (measured: Measured, options: Options): Plan =>
  options.only.length > 0
    ? listed(options.only.map(named))
    : options.sample === undefined
    ? everything(measured, options)
    : drawn(measured, options, options.sample)

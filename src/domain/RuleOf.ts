/** The state after a rule, and what it puts out. `now` is in epoch milliseconds. */
export type RuleOf<State, Out> = (state: State, now: number) => readonly [State, ReadonlyArray<Out>]

const noop = <State>(state: State): readonly [State, ReadonlyArray<never>] => [state, []]

/** How rules about one kind of state are made from others. */
export const rulesOf = <State, Out>() => {
  type Rule = RuleOf<State, Out>

  const emit = (...out: ReadonlyArray<Out>): Rule => (state) => [state, out]

  /** One after the other: each sees the state that the last one left; what they put out adds up in order. */
  const sequence = (...rules: ReadonlyArray<Rule>): Rule => (state, now) => {
    const out: Array<Out> = []
    for (const rule of rules) {
      const [next, more] = rule(state, now)
      state = next
      out.push(...more)
    }
    return [state, out]
  }

  /** A rule that first looks at the state. */
  const withState = (rule: (state: State, now: number) => Rule): Rule => (state, now) => rule(state, now)(state, now)

  const patch = (fields: Partial<State>): Rule => (state) => [{ ...state, ...fields }, []]

  return { noop, emit, sequence, withState, patch }
}

/** When a wait that began at `since` is over; at once if the clock was set back since, as nobody knows how much of it has passed. */
export const endOfWait = (since: number, wait_ms: number, now: number): number => since > now ? now : since + wait_ms

/** The end of a wait that was never longer than `most_ms`. One that seems longer is over, as the clock was set back. */
export const waitUntil = (until: number, most_ms: number, now: number): number => until - now > most_ms ? now : until

/** What is left of a wait, in milliseconds. It is never more than the whole wait, even if the clock was set back. */
export const remaining = (since: number, wait_ms: number, now: number): number =>
  Math.min(wait_ms, Math.max(0, since + wait_ms - now))

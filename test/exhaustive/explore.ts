import type { SidecarState } from "../../src/domain/SidecarState.ts"

export interface Found {
  readonly states: number
  readonly steps: number
  readonly unfinished: number // states from which nothing but faults leads to the end
  readonly violation: string | null
}

/** What a walk has to know of its worlds. A world that breaks an invariant throws when it is made. */
interface Walk<World> {
  readonly begin: World
  /** All that may come of a world, one by one, each with whether it takes a fault that nothing good may rely on. */
  readonly successors: (world: World) => Iterable<readonly [World, boolean]>
  readonly isDone: (world: World) => boolean
}

/** Walks through everything that may happen. */
export const explore = <World extends { readonly state: SidecarState }>(
  { begin, isDone, successors }: Walk<World>
): Found => {
  const known = new Map<string, number>()
  const worlds: Array<World> = []
  const back: Array<Array<number>> = []
  const add = (world: World): number => {
    const { policy: _, ...state } = world.state
    const key = JSON.stringify({ ...world, state })
    const found = known.get(key)
    if (found !== undefined) return found
    known.set(key, worlds.length)
    back.push([])
    return worlds.push(world) - 1
  }
  add(begin)
  let steps = 0
  for (let id = 0; id < worlds.length; id++) {
    const world = worlds[id]
    if (world === undefined) break
    try {
      for (const [next, isFault] of successors(world)) {
        steps++
        const to = add(next)
        if (!isFault) back[to]?.push(id)
      }
    } catch (error) {
      const violation = `${String(error)}\n${JSON.stringify(world, null, 1)}`
      return { states: worlds.length, steps, unfinished: 0, violation }
    }
  }
  const finished = new Set(worlds.flatMap((world, id) => isDone(world) ? [id] : []))
  for (const id of finished) for (const before of back[id] ?? []) finished.add(before)
  return { states: worlds.length, steps, unfinished: worlds.length - finished.size, violation: null }
}

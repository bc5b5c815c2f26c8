import type { World } from "./world.ts"

/** How long a small file operation takes: often no time at all, so that whatever can happen at once does. */
export const quick = ({ chance }: World): number => chance.is("latency", 0.6) ? 0 : chance.between("latency", 1, 8)

/** How long a save takes, in milliseconds. */
export const saving = (world: World): number => {
  if (!world.faults.strikes("disk_slow")) return quick(world)
  const wait = world.chance.between("latency", 200, 12_000)
  world.troubles(world.now + wait)
  return wait
}

/** How long a frame is on its way, in milliseconds. */
export const onTheWire = (world: World): number => {
  if (!world.faults.strikes("frame_slow")) return world.chance.between("wire", 1, 20)
  const wait = world.chance.between("wire", 200, 9_000)
  world.troubles(world.now + wait)
  return wait
}

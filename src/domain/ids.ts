import * as Schema from "effect/Schema"
import { domainLimits } from "./limits.ts"

const shape = new RegExp(`^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,${domainLimits.task_id_chars - 2}}[A-Za-z0-9_-])?$`)
const windowsDevice = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?$/i

/**
 * Whether the id of work can be a file name on every platform: `[A-Za-z0-9._-]`, 1–128 characters, no dot at either end, no
 * Windows device, and nothing that a command could take for an option.
 */
export const isSafeWorkId = (id: string): boolean => shape.test(id) && !windowsDevice.test(id)

/** What the name of a wake says, for example `g3a1t1795220229450`: generation, attempt and time (epoch ms). */
export const WakeName = Schema.Struct({ generation: Schema.Int, attempt: Schema.Int, at: Schema.Int })
export type WakeName = typeof WakeName.Type

export const wakeIdOf = ({ attempt, at, generation }: WakeName): string => `g${generation}a${attempt}t${at}`

/** The reverse of `wakeIdOf`; null if the text is no such name. */
export const readWakeId = (wake_id: string): WakeName | null => {
  const [, generation, attempt, at] = /^g(\d{1,15})a(\d{1,15})t(\d{1,15})$/.exec(wake_id) ?? []
  const name = { generation: Number(generation), attempt: Number(attempt), at: Number(at) }
  return wakeIdOf(name) === wake_id ? name : null
}

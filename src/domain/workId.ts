import { domainLimits } from "./limits.ts"

const shape = new RegExp(`^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,${domainLimits.task_id_chars - 2}}[A-Za-z0-9_-])?$`)
const windowsDevice = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?$/i

/**
 * Whether the id of work can be a file name on every platform: `[A-Za-z0-9._-]`, 1–128 characters, no dot at either end, no
 * Windows device, and nothing that a command could take for an option.
 */
export const isSafeWorkId = (id: string): boolean => shape.test(id) && !windowsDevice.test(id)

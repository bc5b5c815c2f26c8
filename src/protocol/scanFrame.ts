import { readMembers } from "../text/members.ts"
import type { Scan } from "../text/scan.ts"

/** The task that a frame assigns, as far as it is known before the frame is parsed. */
export interface Assigned {
  readonly task_id: string
  readonly generation: number
}

/** A frame after one pass over its text; nothing has been made of it yet. */
export interface ScannedFrame {
  readonly text: string
  readonly bytes: number
  readonly scan: Scan
  readonly assigned: Assigned | null
}

/** Looks how much is in a frame, and which task it assigns, if it does. */
export const scanFrame = (text: string): ScannedFrame => {
  const { members: { generation, task_id, type }, scan } = readMembers(text, ["type", "task_id", "generation"])
  const isAssignment = type === "task_assign" && typeof task_id === "string" && Number.isSafeInteger(generation)
  return {
    text,
    bytes: Buffer.byteLength(text),
    scan,
    assigned: isAssignment ? { task_id, generation: Number(generation) } : null
  }
}

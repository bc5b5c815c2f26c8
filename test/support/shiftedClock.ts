import { existsSync, readFileSync } from "node:fs"

/**
 * Loaded into a daemon before anything else, it moves the daemon's wall clock by the milliseconds that stand in
 * `CLOCK_OFFSET_FILE` at the moment. As in a real jump, timers and the monotonic clock know nothing of it.
 */
const file = process.env["CLOCK_OFFSET_FILE"] ?? ""
const RealDate = Date

const offset_ms = (): number => existsSync(file) ? Number(readFileSync(file, "utf8")) : 0

class ShiftedDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(given[0] ?? ShiftedDate.now())
  }
  static override now(): number {
    return RealDate.now() + offset_ms()
  }
}

Object.defineProperty(globalThis, "Date", { value: ShiftedDate })

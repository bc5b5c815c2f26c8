import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { Logger } from "../services/Logger.ts"

/** Appends every event to `events`, in the order logged. */
export const loggerMemory = (events: Array<LifecycleEvent>): Layer.Layer<Logger> =>
  Layer.succeed(Logger, { log: (event) => Effect.sync(() => void events.push(event)) })

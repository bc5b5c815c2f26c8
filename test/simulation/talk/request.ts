import * as Effect from "effect/Effect"
import type { Hub } from "../../../src/dev/hub.ts"
import type { JsonObject } from "../../../src/dev/json.ts"
import { hubTiming } from "../../../src/hub/timing.ts"
import type { HubModel } from "../hubModel.ts"
import type { Network } from "../hubService.ts"
import type { Life } from "../life.ts"
import { cancel } from "../Timeline.ts"
import type { World } from "../world.ts"

/** What came of a request: the hub answered, was not reached, or may have got it and did not answer in time. */
export type Reply =
  | { readonly _tag: "Answered"; readonly status: number; readonly body: JsonObject }
  | { readonly _tag: "Unreached" }
  | { readonly _tag: "Unanswered" }

type Respond = (status: number, body: JsonObject) => void

/** What the hub does upon a request. */
export type Handler = (books: Hub, now: number, respond: Respond) => void

const unreached: Reply = { _tag: "Unreached" }
const unanswered: Reply = { _tag: "Unanswered" }

/** Requests by HTTP: they may fail, hang before or after the hub has done what they ask, or come to it late. */
export const makeRequest = (life: Life, world: World, hub: HubModel, network: Network) => {
  const onTheWay = () => world.chance.between("http", 1, 40)
  const isThere = () => network.reachable && hub.up

  /** `late_ms`: how much later the hub gets a request than we have given it up. */
  const send = (name: string, handle: Handler, late_ms: number): Effect.Effect<Reply> =>
    Effect.callback<Reply>((resume) => {
      const { chance, faults, timeline } = world
      const tell = (reply: Reply) => {
        world.note(() => `${name}: ${reply._tag}${reply._tag === "Answered" ? ` ${reply.status}` : ""}`)
        resume(Effect.succeed(reply))
      }
      if (!isThere() || faults.strikes("http_fails")) {
        life.later(onTheWay(), () => tell(unreached))
        return
      }
      const isMute = hub.mute_until > world.now
      const hangs = isMute || faults.strikes("http_hangs")
      const isLost = isMute || (hangs && chance.is("http lost", 0.5))
      const overdue = life.later(hubTiming.lookup_timeout_ms, () => tell(unanswered))
      timeline.after(late_ms === 0 ? onTheWay() : hubTiming.lookup_timeout_ms + late_ms, () => {
        if (isLost || !isThere()) return
        hub.act((books, now) =>
          handle(books, now, (status, body) => {
            if (hangs) return
            life.later(onTheWay(), () => {
              if (overdue.run === null) return
              cancel(overdue)
              tell({ _tag: "Answered", status, body })
            })
          })
        )
      })
    })

  return (name: string, handle: Handler, late_ms = 0): Effect.Effect<Reply> =>
    Effect.flatMap(life.operation("http", 0, () => undefined), () => send(name, handle, late_ms))
}

export type Request = ReturnType<typeof makeRequest>

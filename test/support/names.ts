import * as Effect from "effect/Effect"
import dns from "node:dns"
import { syncBuiltinESMExports } from "node:module"
import { isIPv6 } from "node:net"

type Answer = (error: Error | null, found: string | ReadonlyArray<dns.LookupAddress>, family?: number) => void

/** Gives `name` these addresses in this process, in this order, or none at all, as long as the scope lasts. */
export const named = (name: string, addresses: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const real = dns.lookup
      const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
      const [{ address, family } = { address: "", family: 4 }] = all
      const lookup = (asked: string, options: dns.LookupAllOptions, answer: Answer) => {
        if (asked !== name) return Reflect.apply(real, dns, [asked, options, answer])
        if (all.length === 0) {
          return answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" }), [])
        }
        setImmediate(() => options.all ? answer(null, all) : answer(null, address, family))
      }
      Object.assign(dns, { lookup })
      syncBuiltinESMExports()
      return real
    }),
    (real) =>
      Effect.sync(() => {
        Object.assign(dns, { lookup: real })
        syncBuiltinESMExports()
      })
  )

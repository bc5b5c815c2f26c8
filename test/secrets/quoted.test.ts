import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { quotable, type Secret, withoutSecrets } from "../../src/secrets/secret.ts"

const known = (...values: ReadonlyArray<string>): ReadonlyArray<Secret> =>
  values.map((value) => ({ value, name: "X", certain: true }))

const letters = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"
const body = `MIIEvQIBADANBgkqhkiG9w0BAQEFAASC${letters}`

it("known secrets are hidden wherever they stand, the longer first", () => {
  expect(withoutSecrets("a s3cret-1 b s3cret-12", known("s3cret-1", "s3cret-12", ""))).toBe("a <redacted> b <redacted>")
})

describe("quoted output hides", () => {
  const hidden: ReadonlyArray<readonly [what: string, text: string, secret: string]> = [
    ["a key of Anthropic", "key sk-ant-REDACTED, and more", "sk-ant-REDACTED"],
    ["a key of OpenAI", `sk-proj-${letters}`, letters],
    ["a token of GitHub", "ghp_0123456789abcdef0123", "0123456789abcdef0123"],
    ["a key of AWS", "AKIA0123456789ABCDEF", "0123456789ABCDEF"],
    ["a secret of AWS", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"],
    ["a live key of Stripe", `sk_live_${letters.slice(0, 24)}`, letters.slice(0, 24)],
    ["a token of Slack", `xoxb-123456789012-123456789012-${letters.slice(0, 24)}`, letters.slice(0, 24)],
    [
      "a webhook of Slack",
      `https://hooks.slack.com/services/T00000000/B00000000/${letters.slice(0, 24)}`,
      letters.slice(0, 24)
    ],
    ["a key of Azure storage", `AccountName=x;AccountKey=${letters}==;EndpointSuffix=y`, letters],
    ["a DSN of Sentry", "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/4", "0123456789abcdef"],
    ["a token of npm", `npm_${letters.slice(0, 36)}`, letters.slice(0, 36)],
    ["a signed token", "eyJhbGciOiJI.eyJzdWIiOiIx.abc", "eyJzdWIiOiIx"],
    ["a bearer", "Authorization: Bearer abc.def-123", "abc.def-123"],
    ["a basic login", "Authorization: Basic dXNlcjpodW50ZXIyaHVudGVyMg==", "dXNlcjpodW50ZXIyaHVudGVyMg"],
    ["a cookie", "Set-Cookie: session=abcdef0123456789; Path=/", "abcdef0123456789"],
    ["the password of an address", "https://user:hunter2hunter2@git.example/repo.git", "hunter2"],
    ["the password of a database", "postgres://u:p4ssw0rd@db:5432/x", "p4ssw0rd"],
    ["the password of a cache", "redis://:p4ssw0rd@h:6379", "p4ssw0rd"],
    ["a password for curl", "curl -u admin:hunter2hunter2 https://x", "hunter2"],
    ["a connection string", "Server=tcp:x;User ID=u;Password=hunterhunter;", "hunterhunter"],
    ["a variable", "OPENAI_API_KEY=abcdefgh", "abcdefgh"],
    ["a password variable", "DB_PASS=hunterhunter", "hunterhunter"],
    ["a field of JSON", "{\"api_key\": \"0123456789\"}", "0123456789"],
    ["a private key", `-----BEGIN PRIVATE KEY-----\n${body}\n${body}\n-----END PRIVATE KEY-----`, body],
    [
      "a private key in one line",
      `"-----BEGIN RSA PRIVATE KEY-----\\n${body}\\n-----END RSA PRIVATE KEY-----\\n"`,
      body
    ],
    ["the beginning of a private key", `-----BEGIN EC PRIVATE KEY-----\n${body}`, body],
    ["the end of a private key", `${body}\n${body.slice(5)}\n-----END PRIVATE KEY-----`, body.slice(10)],
    [
      "a key beside a comment that switches a search off",
      `// secretlint-disable\nghp_${letters.slice(0, 36)}`,
      letters.slice(0, 36)
    ]
  ]
  it.effect.each(hidden)("%s", ([, text, secret]) =>
    Effect.gen(function*() {
      const shown = yield* quotable(`before ${text} behind`, [])
      expect(shown).toContain("<redacted>")
      expect(shown).not.toContain(secret)
      expect(shown).toMatch(/^before /)
    }))

  const harmless: ReadonlyArray<string> = [
    "12 tokens used; the password is long",
    "const token = await getToken()",
    "password: string",
    "The API key: see the vault",
    "Authorization: Bearer <your token>",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "-----BEGIN CERTIFICATE-----\nMIIB",
    "https://git.example/repo.git at production",
    "api_".repeat(50_000),
    ""
  ]
  it.effect.each(harmless.map((text) => [text.slice(0, 60), text] as const))(
    "not: %s",
    ([, text]) =>
      Effect.gen(function*() {
        expect(yield* quotable(text, [])).toBe(text)
      })
  )
})

// okta-auth-js in Node.js, unmodified, walks through the states of /api/v1/authn: sets an authenticator app up, signs in
// with it, and prints what it came by. The app is six lines of RFC 6238; everything else is the client's.
const { createHmac } = require('node:crypto')
const { OktaAuth } = require('@okta/okta-auth-js')

const { url, username, password, warned } = JSON.parse(process.argv[2])
const client = new OktaAuth({ issuer: `${url}/oauth2/default`, clientId: 'none', redirectUri: 'https://app.example.com/cb' })

function code(base32, step) {
  const bits = [...base32].map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', key).update(counter).digest()
  return String((digest.readUInt32BE(digest[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0')
}

// Told that the password expires, skips that; the next time chooses another one.
async function told() {
  const options = { warnBeforePasswordExpired: true }
  const seen = []
  let transaction = await client.signInWithCredentials({ ...warned, options })
  seen.push(transaction.status, transaction.policy.expiration.passwordExpireDays)
  transaction = await transaction.skip()
  seen.push(transaction.status)
  transaction = await client.signInWithCredentials({ ...warned, options })
  const change = { oldPassword: warned.password, newPassword: `${warned.password}-x` }
  const wrong = await transaction.changePassword({ ...change, oldPassword: 'x' }).catch((error) => error.errorCode)
  transaction = await transaction.changePassword(change)
  return [...seen, wrong, transaction.status]
}

async function main() {
  const seen = []
  const now = () => Math.floor(Date.now() / 30_000)
  let transaction = await client.signInWithCredentials({ username, password })
  seen.push(transaction.status)
  const factor = transaction.factors.find((each) => each.factorType === 'token:software:totp')
  transaction = await factor.enroll()
  seen.push(transaction.status)
  const secret = transaction.factor.activation.sharedSecret
  transaction = await transaction.prev()
  seen.push(transaction.status)
  transaction = await transaction.factors.find((each) => each.factorType === 'token:software:totp').enroll()
  const second = transaction.factor.activation.sharedSecret
  const wrong = await transaction.activate({ passCode: code(secret, 1) }).catch((error) => error.errorCode)
  seen.push(wrong)
  const step = now()
  transaction = await transaction.activate({ passCode: code(second, step) })
  seen.push(transaction.status)
  transaction = await client.signInWithCredentials({ username, password })
  seen.push(transaction.status)
  const [known] = transaction.factors
  seen.push(await known.verify({ passCode: code(second, step) }).catch((error) => error.errorCode))
  transaction = await known.verify({ passCode: code(second, step + 1) })
  seen.push(transaction.status)
  const cancelled = await client.signInWithCredentials({ username, password })
  await cancelled.cancel()
  process.stdout.write(JSON.stringify({ seen, told: await told(), sessionToken: transaction.sessionToken }))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

// okta-auth-js in Node.js, unmodified, looks after the account whose access token it has. The codes that are mailed it
// reads from its standard input, one a line.
const { createInterface } = require('node:readline')
const { OktaAuth } = require('@okta/okta-auth-js')

const { url, accessToken, address, password } = JSON.parse(process.argv[2])
const client = new OktaAuth({ issuer: url, clientId: 'none', redirectUri: 'https://app.example.com/cb' })
const { myaccount } = client
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function main() {
  const said = {}
  const profile = await myaccount.getProfile({ accessToken })
  const schema = await myaccount.getProfileSchema({ accessToken })
  said.writable = Object.keys(schema.properties).filter((name) => schema.properties[name].permissions.SELF === 'READ_WRITE')
  const payload = { profile: { ...profile.profile, firstName: 'Mia' } }
  said.firstName = (await myaccount.updateProfile({ accessToken, payload })).profile.firstName

  const added = await myaccount.addEmail({ accessToken, payload: { profile: { email: address }, role: 'PRIMARY', sendEmail: true } })
  said.added = [added.status, added.roles]
  said.polled = (await added.poll()).status
  process.stderr.write('code?\n')
  const code = (await lines.next()).value
  said.wrong = await added.verify({ verificationCode: '000000' }).catch((error) => error.errorCode)
  await added.verify({ verificationCode: code })
  said.emails = (await myaccount.getEmails({ accessToken })).map((one) => [one.profile.email, one.status])

  const known = await myaccount.getPassword({ accessToken })
  said.password = [known.status, (await known.update({ profile: { password } })).status]
  said.weak = await known.update({ profile: { password: 'short' } }).catch((error) => error.errorCode)
  said.last = await myaccount.deletePassword({ accessToken }).catch((error) => error.errorCode)
  said.phones = await myaccount.getPhones({ accessToken }).catch((error) => error.errorCode)
  process.stdout.write(JSON.stringify(said))
  process.exit(0)
}

main().catch((error) => { console.error(error); process.exit(1) })

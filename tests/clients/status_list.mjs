// @sd-jwt/jwt-status-list: what the lists that tokens name say of each of them, fetched once a list.
import { getListFromStatusListJWT, getStatusListFromJWT } from '@sd-jwt/jwt-status-list'

const tokens = JSON.parse(process.argv[2])
const lists = new Map()
const statuses = []
for (const token of tokens) {
  const { idx, uri } = getStatusListFromJWT(token)
  if (!lists.has(uri)) {
    const answer = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })
    if (answer.headers.get('content-type') !== 'application/statuslist+jwt') throw new Error(await answer.text())
    lists.set(uri, getListFromStatusListJWT(await answer.text()))
  }
  statuses.push(lists.get(uri).getStatus(idx))
}
console.log(JSON.stringify({ lists: lists.size, statuses }))

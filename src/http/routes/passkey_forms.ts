import type { ConsoleDeps } from '../../access/console_session.ts'
import { addPasskey, beginPasskey, removePasskey } from '../../access/passkeys/own_passkeys.ts'
import { pagePaths } from '../../web/pages/views.ts'
import { accountResponse } from '../account_response.ts'
import { askPassword, done, type OnForm, refusable } from './account_forms.ts'

/** The forms of the account page by which passkeys are added and removed. */
export function addPasskeyForms(on: OnForm, deps: ConsoleDeps): void {
  on(pagePaths.beginPasskey, (own, c) =>
    refusable({ deps, ...own, of: 'beginPasskey' }, async () => {
      await askPassword(deps, own, c)
      const name = own.form.get('passkey_name') ?? ''
      const newPasskey = await beginPasskey(deps, own.session, name)
      return accountResponse(deps, own.session, { news: { newPasskey } })
    }),
  )
  on(pagePaths.addPasskey, (own, c) =>
    refusable({ deps, ...own, of: 'beginPasskey' }, async () => {
      const name = own.form.get('passkey_name') ?? ''
      const sent = { name, answer: own.form.get('answer') ?? '', address: c.env.address }
      return done(deps, 'passkey_added', await addPasskey(deps, own.session, sent))
    }),
  )
  on(pagePaths.removePasskey, (own, c) =>
    refusable({ deps, ...own, of: 'removePasskey' }, async () => {
      await askPassword(deps, own, c)
      const wanted = { id: Number(own.form.get('passkey_id')), address: c.env.address }
      return done(deps, 'passkey_removed', await removePasskey(deps, own.session, wanted))
    }),
  )
}

// What operators learn of who writes: the switch for their notes, and the secret that proves who somebody is. The
// secret is shown once, when it is made.

/** Says whether there is a secret; the one shown stays until the page goes. */
function showSecret({ secret }) {
  byId('secret-state').textContent = secret ? words.secret_made : words.secret_none;
  byId('secret-make').textContent = secret ? words.secret_replace : words.secret_make;
}

async function makeSecret() {
  byId('ask-secret').close();
  try {
    const { secret } = await ask('secret', {});
    state.site.secret = true;
    showSecret(state.site);
    byId('secret-new').hidden = false;
    byId('secret').value = secret;
    byId('secret').focus();
    byId('secret').select();
    tell(byId('secret-said'), words.secret_once, 'good');
  } catch (fault) {
    if (!fault.error) throw fault;
    tell(byId('secret-said'), reason(fault, 'save_fail'), 'bad');
  }
}

function askForSecret() {
  if (!state.site.secret) return makeSecret();
  byId('ask-secret').showModal();
  byId('ask-secret-no').focus();
}

byId('secret-make').addEventListener('click', askForSecret);
byId('ask-secret-no').addEventListener('click', () => byId('ask-secret').close());
byId('ask-secret-yes').addEventListener('click', makeSecret);
byId('secret-copy').addEventListener('click', async () => {
  byId('secret').select();
  const isCopied = await navigator.clipboard?.writeText(byId('secret').value).then(() => true, () => false);
  tell(byId('secret-said'), isCopied || document.execCommand('copy') ? words.code_copied : words.code_manual);
});

// --- Words.
const plural = new Intl.PluralRules(lang);
const forms = lang === "ru" ? ["one", "few", "many"] : ["one", "other"];
/** The word `key` with its places filled in; the number `n` also chooses the plural form. */
const say = (key, values = {}) => {
  const word = [words[key]].flat();
  const form = word.length > 1 ? word[forms.indexOf(plural.select(values.n))] ?? word.at(-1) : word[0];
  return form.replace(/{(\w+)}/g, (place, name) => values[name] ?? place);
};

/** So many bytes: whole units up to a megabyte, then with one place after the comma. */
const size = (bytes) => {
  const [unit, n] = bytes < 1024 ? [0, bytes] : bytes < 1e6 ? [1, Math.round(bytes / 1024)] : [2, bytes / 1048576];
  return new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(n) + "\xa0" + words.file_units.split(" ")[unit];
};

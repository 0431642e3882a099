"""Brings the translations up to date with the code: `make translations`.

Collects every marked text into `resources/locale/safelight.pot` and takes what is new into each language's .po file,
untranslated; what no code uses any more goes. Then compiles them, so that this checkout speaks them. Neither dates nor
line numbers are written, so that the files change only when a text does. The texts themselves are translated by hand;
tests/test_translations.py says what is missing.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

from installers.compile_locale import compile_locale

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "resources" / "locale"
DOMAIN = "safelight"
LANGUAGES = ("de", "es", "fr", "zh_CN")
SOURCES = ("agent", "tray")
#: How texts are marked: see `agent.words.catalogue`.
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}

_WIDTH = 110
_HEADER = """\
# {title} of Safelight. Licence: GPL-3.0-or-later, like all of it.
# Made by `make translations` from the texts in the code.{hint}
msgid ""
msgstr ""
"Project-Id-Version: Safelight\\n"
{more}"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def collect() -> Catalog:
    """Every marked text of the code, with the files that it stands in."""
    catalogue = Catalog(domain=DOMAIN, charset="utf-8")
    for source in SOURCES:
        found = extract_from_dir(
            ROOT / source, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",)
        )
        for name, _line, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
            where = f"{source}/{Path(name).as_posix()}"
            catalogue.add(message, locations=[(where, 0)], auto_comments=comments, context=context)
    return catalogue


def read(language: str) -> Catalog:
    """A language's translations as they lie in the tree; empty where there are none yet."""
    path = po_file(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN, charset="utf-8")
    with path.open("rb") as text:
        return read_po(text, locale=language, domain=DOMAIN, abort_invalid=True)


def read_template() -> Catalog:
    """The texts as the tree last collected them."""
    with (LOCALE / f"{DOMAIN}.pot").open("rb") as text:
        return read_po(text, domain=DOMAIN, abort_invalid=True)


def po_file(language: str) -> Path:
    """Where a language's translations lie."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def write(path: Path, catalogue: Catalog, language: str | None) -> None:
    """Write a template (`language` None) or a language's translations."""
    body = BytesIO()
    write_po(body, catalogue, width=_WIDTH, omit_header=True, include_lineno=False, ignore_obsolete=True)
    more, title, hint = "", "The texts", ""
    if language is not None:
        plural = get_plural(language)
        more = f'"Language: {language}\\n"\n"Plural-Forms: {plural.plural_forms}\\n"\n'
        title, hint = f"The texts in {catalogue.locale.english_name}", " Only the msgstr lines are written by hand."
    path.parent.mkdir(parents=True, exist_ok=True)
    header = _HEADER.format(title=title, hint=hint, more=more)
    path.write_bytes(header.encode() + body.getvalue().strip() + b"\n")


def forms(text: object) -> tuple[str, ...]:
    """A message's English or its translation as its plural forms: one where it counts nothing, `` where it has none."""
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)


def main() -> int:
    """Bring the template and every language up to date, and say how complete each is."""
    template = collect()
    write(LOCALE / f"{DOMAIN}.pot", template, None)
    for language in LANGUAGES:
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
        write(po_file(language), catalogue, language)
        missing = sum(1 for one in catalogue if one.id and not all(forms(one.string)))
        print(f"{language}: {len(template)} texts, {missing or 'none'} of them not translated")
    compile_locale(LOCALE)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Security questions: something one knows, for getting back in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..directory.passwords import PasswordHashes
from ..storage.factors import Factor
from ..storage.sign_on_transactions import Proof
from ..storage.users import login_key
from .answers import Answer, Passcode
from .kind import Ask, CodeWanted, Wishes
from .refusals import NotActive, NotEnrollable, WrongAnswer

#: Official clients name questions by these keys.
QUESTIONS: Final = {
    "disliked_food": "What is the food you least liked as a child?",
    "name_of_first_plush_toy": "What is the name of your first stuffed animal?",
    "first_award": "What did you earn your first medal or award for?",
    "favorite_security_question": "What is your favorite security question?",
    "favorite_toy": "What is the toy/stuffed animal you liked the most as a kid?",
    "first_computer_game": "What was the first computer game you played?",
    "favorite_movie_quote": "What is your favorite movie quote?",
    "first_sports_team_mascot": "What was the mascot of the first sports team you played on?",
    "first_music_purchase": "What music album or song did you first purchase?",
    "favorite_art_piece": "What is your favorite piece of art?",
    "grandmother_favorite_desert": "What was your grandmother's favorite dessert?",
    "first_thing_cooked": "What was the first thing you learned to cook?",
    "childhood_dream_job": "What was your dream job as a child?",
    "place_where_significant_other_was_met": "Where did you meet your spouse/significant other?",
    "favorite_vacation_location": "Where did you go for your favorite vacation?",
    "new_years_two_thousand": "Where were you on New Year's Eve in the year 2000?",
    "favorite_speaker_actor": "Who is your favorite speaker/orator?",
    "favorite_book_movie_character": "Who is your favorite book/movie character?",
    "favorite_sports_player": "Who is your favorite sports player?",
}
_SHORTEST: Final = 4
_LONGEST: Final = 200


@dataclass(frozen=True)
class Questions:
    """``Kind``. An answer is kept as a password is, whatever its case."""

    hashes: PasswordHashes
    most: int = 1
    guessable: bool = True
    label: str = "QUESTION"

    def enrol(self, factor: Factor, wishes: Wishes, _: Ask) -> tuple[Factor, CodeWanted]:
        """ACTIVE at once: knowing the answer is all there is to prove."""
        return replace(self.answered(factor, wishes.question, wishes.answer), status="ACTIVE"), CodeWanted()

    def answered(self, factor: Factor, question: str | None, answer: str | None) -> Factor:
        """The factor with another question and answer. Raises NotEnrollable."""
        text = _folded(answer or "")
        if question not in QUESTIONS or not _SHORTEST <= len(text) <= _LONGEST:
            raise NotEnrollable("answer")
        return replace(factor, question=question, answer=self.hashes.make(text))

    def shown(self, _factor: Factor, _ask: Ask) -> None:
        """An answer is never said."""

    def activate(self, _factor: Factor, _answer: Answer, _ask: Ask) -> Factor:
        """Never needed."""
        raise NotActive("activated by itself")

    def challenge(self, _factors: Sequence[Factor], _ask: Ask, _lifetime: int | None) -> CodeWanted:
        """The user knows the answer."""
        return CodeWanted()

    def verify(self, factors: Sequence[Factor], answer: Answer, ask: Ask) -> tuple[Factor, Proof]:
        """By the answer."""
        text = _folded(answer.text) if isinstance(answer, Passcode) else ""
        for factor in factors:
            if factor.answer is not None and self.hashes.fits(text[: _LONGEST + 1], factor.answer):
                return factor, Proof("question", ask.now, factor.id)
        raise WrongAnswer("INVALID_ANSWER")


def _folded(answer: str) -> str:
    return login_key(" ".join(answer.split()))

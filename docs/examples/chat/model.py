"""A model that knows little, and says it word by word, as large ones do.

CHAT_PACE=0.1 in the environment makes it ten times as fast.
"""

import asyncio
import os
import time

PACE = float(os.environ.get("CHAT_PACE", "1"))
SECONDS = 0.12
ANSWERS = {
    "how long": "Green tea: two minutes. Black tea: three to five. Herbs: as long as you like.",
    "how hot": "Green tea wants water of 70 °C, white tea 80 °C, and black tea water that boils.",
    "how much": "Two grams to a cup: that is a teaspoon of most teas, and two of large leaves.",
}
ELSE = "I only know tea. Ask me how long, how hot or how much; 3 < 4 & other sums are beyond me."


def words(question):
    """What it says to *question*, in pieces that are put after each other."""
    known = (answer for words, answer in ANSWERS.items() if words in question.lower())
    return [f"{word} " for word in next(known, ELSE).split(" ")]


def said(question, heard):
    """Number and text of each word, from the one on that follows those *heard*."""
    for number, word in enumerate(words(question)[heard:], heard + 1):
        time.sleep(SECONDS * PACE)
        yield number, word


async def said_async(question, heard):
    """As :func:`said`, for an event loop."""
    for number, word in enumerate(words(question)[heard:], heard + 1):
        await asyncio.sleep(SECONDS * PACE)
        yield number, word

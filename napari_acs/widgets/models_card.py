"""A model's card in a window of its own."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices, QTextCursor, QTextDocument
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

_SIZE = (760, 640)
_WEB = ("http", "https")


class CardText(QTextBrowser):
    """Markdown that loads nothing, neither files nor from the web: a card may be anybody's.

    A link opens in the browser where it is clicked, and only if it leads to the web.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card_text")
        self.setOpenLinks(False)
        self.anchorClicked.connect(open_on_the_web)

    def show_card(self, markdown: str) -> None:
        """Show Markdown; HTML in it is shown as text."""
        feature = QTextDocument.MarkdownFeature
        document = self.document()
        assert document is not None
        document.setMarkdown(markdown, feature.MarkdownDialectGitHub | feature.MarkdownNoHTML)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def loadResource(self, kind: int, name: QUrl) -> Any:  # noqa: N802
        """Load no image."""
        return None


class CardDialog(QDialog):
    """Shows one card."""

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setWindowTitle(title)
        self.resize(*_SIZE)
        text = CardText()
        text.show_card(markdown)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(buttons)


def open_on_the_web(url: QUrl) -> None:
    """Open a web address in the browser; of anything else nothing is opened."""
    if url.scheme() in _WEB:
        QDesktopServices.openUrl(url)

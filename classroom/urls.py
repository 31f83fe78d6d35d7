"""All HTTP addresses of the house."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from rest_framework_simplejwt.views import TokenRefreshView

from classroom.health import livez, readyz
from classroom.metrics import metrics
from classroom.people.languages import language_choose
from classroom.people.tickets import TicketView
from classroom.people.tokens import TokenView
from classroom.rooms.code_tests import room_code_tests
from classroom.rooms.transports import RoomsView, room_events
from tutor.playback import answer_pace

admin.autodiscover()  # here and not in every process: the scribe and the class worker have no pages

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("language/", language_choose, name="set_language"),
    path("api/token/", TokenView.as_view(), name="api_token"),
    path("api/token/refresh/", TokenRefreshView.as_view(), name="api_token_refresh"),
    path("api/tickets/", TicketView.as_view(), name="api_tickets"),
    path("api/rooms/", RoomsView.as_view(), name="api_rooms"),
    path("api/rooms/<uuid:room_id>/events/", room_events, name="room_events"),
    path("api/rooms/<uuid:room_id>/code-tests/", room_code_tests, name="room_code_tests"),
    path("api/rooms/<uuid:room_id>/answers/<uuid:answer_id>/pace/", answer_pace, name="answer_pace"),
    path("", include("classroom.people.urls")),
    path("", include("classroom.rooms.page_urls")),
    path("", include("classroom.board.urls")),
    path("", include("tutor.page_urls")),
    path("", include("classroom.dashboard.urls")),
    path("", include("classroom.review.urls")),
]

"""Records of people and classes in Django's admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from classroom.people.admin_records import RecordAdmin
from classroom.people.models import Enrolment, Group, RevokedSession, SchoolClass, SpentTicket, User


@admin.register(User)
class PersonAdmin(UserAdmin):  # not subscriptable when it runs
    list_display = ("username", "display_name", "role", "is_active", "is_staff", "last_login")
    list_filter = ("role", "is_active", "is_staff")
    search_fields = ("username", "display_name")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Chalkstream", {"fields": ("display_name", "role", "language")}))
    add_fieldsets = (*UserAdmin.add_fieldsets, ("Chalkstream", {"fields": ("display_name", "role")}))


class EnrolmentInline(admin.TabularInline):
    model = Enrolment
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(SchoolClass)
class SchoolClassAdmin(admin.ModelAdmin):
    list_display = ("name", "created_by", "join_open", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name",)
    autocomplete_fields = ("created_by",)
    inlines = (EnrolmentInline,)


@admin.register(Enrolment)
class EnrolmentAdmin(admin.ModelAdmin):
    list_display = ("user", "school_class", "role", "joined_at", "removed_at")
    list_select_related = ("user", "school_class")
    list_filter = ("role", "school_class")
    search_fields = ("user__username", "user__display_name")
    autocomplete_fields = ("user", "school_class")


@admin.register(Group)
class GroupAdmin(admin.ModelAdmin):
    list_display = ("name", "school_class")
    list_select_related = ("school_class",)
    list_filter = ("school_class",)
    search_fields = ("name",)
    autocomplete_fields = ("members", "school_class")


@admin.register(SpentTicket)
class SpentTicketAdmin(RecordAdmin):
    list_display = ("jti", "expires_at")


@admin.register(RevokedSession)
class RevokedSessionAdmin(RecordAdmin):
    list_display = ("digest", "at")

"""The one catalogue of what people read: found in the sources, kept in ``locale/*/LC_MESSAGES/django.po``, compiled."""
